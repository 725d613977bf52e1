//! The smallest JSON of a definition.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::encode::NAME;
use crate::schema::{Definition, FieldKind, Schema, Type};

impl Schema<'_> {
    /// Returns the smallest JSON that [`encode_call`](Self::encode_call) accepts for a function, or
    /// [`encode`](Self::encode) for a constructor: `"_"`, and each required field with the value zero or empty. A field of
    /// a type with several constructors has the one with the fewest objects in it, the first if several have as few.
    #[must_use]
    pub fn skeleton(&self, definition: &Definition<'_>) -> Value {
        self.skeleton_with(definition, self.depths.get_or_init(|| self.depths()))
    }

    /// Returns how deep the shallowest value of each constructor nests.
    fn depths(&self) -> BTreeMap<u32, usize> {
        let mut depths = BTreeMap::new();
        // A round finds the constructors whose fields the previous rounds have found.
        loop {
            let found: Vec<(u32, usize)> = self
                .definitions
                .iter()
                .filter(|definition| !definition.is_function && !depths.contains_key(&definition.id))
                .filter_map(|definition| {
                    let required = definition.fields.iter().filter_map(|field| match &field.kind {
                        FieldKind::Required(ty) => Some(ty),
                        _ => None,
                    });
                    let depth = required
                        .map(|ty| self.depth_of(ty, &depths))
                        .try_fold(0, |most, depth| depth.map(|depth| most.max(depth)))?;
                    Some((definition.id, depth + 1))
                })
                .collect();
            if found.is_empty() {
                return depths;
            }
            depths.extend(found);
        }
    }

    fn depth_of(&self, ty: &Type<'_>, depths: &BTreeMap<u32, usize>) -> Option<usize> {
        match ty {
            Type::Boxed(name) => {
                self.constructors_of(name).filter_map(|it| depths.get(&it.id)).min().copied()
            }
            Type::Bare(name) => self.constructor(name).and_then(|it| depths.get(&it.id)).copied(),
            _ => Some(0),
        }
    }

    fn skeleton_with(&self, definition: &Definition<'_>, depths: &BTreeMap<u32, usize>) -> Value {
        let mut object = Map::new();
        object.insert(NAME.to_owned(), definition.name.into());
        for field in &definition.fields {
            if let FieldKind::Required(ty) = &field.kind {
                object.insert(field.name.to_owned(), self.skeleton_of(ty, depths));
            }
        }
        Value::Object(object)
    }

    fn skeleton_of(&self, ty: &Type<'_>, depths: &BTreeMap<u32, usize>) -> Value {
        let is_finite = |it: &&Definition<'_>| depths.contains_key(&it.id);
        let definition = match ty {
            Type::Boxed(name) => self.constructors_of(name).filter(is_finite).min_by_key(|it| depths[&it.id]),
            Type::Bare(name) => self.constructor(name).filter(is_finite),
            // A function without arguments, if there is one.
            Type::Query => self.definitions.iter().find(|it| it.is_function && it.fields.is_empty()),
            _ => return ty.empty().unwrap_or_default(),
        };
        definition.map_or(Value::Null, |definition| self.skeleton_with(definition, depths))
    }
}
