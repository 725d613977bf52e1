//! The properties that depend on all definitions together.

use std::collections::{BTreeMap, BTreeSet};

use crate::names;
use crate::schema::{BUILT_IN, Definition, Field, FieldKind, Type};

/// Estimated size in bytes above which a variant is boxed if the type has others: otherwise a vector of the small ones
/// would take far more memory than its encoding.
const LARGE_VARIANT: usize = 256;

/// All definitions of all schemas.
pub struct Model {
    /// Constructors for which code is generated.
    pub constructors: Vec<Definition>,
    /// Functions.
    pub functions: Vec<Definition>,
    /// Built-in lines: only their ids and names are used.
    pub built_in: Vec<Definition>,
    by_name: BTreeMap<String, usize>,
    by_type: BTreeMap<String, Vec<usize>>,
}

impl Model {
    /// Sorts the definitions and checks that they are complete and unambiguous.
    pub fn new(definitions: Vec<Definition>) -> Result<Self, String> {
        let (functions, types): (Vec<_>, Vec<_>) = definitions.into_iter().partition(|d| d.is_function);
        let (built_in, constructors): (Vec<_>, Vec<_>) =
            types.into_iter().partition(|d| BUILT_IN.contains(&d.name.as_str()));
        let mut model =
            Self { constructors, functions, built_in, by_name: BTreeMap::new(), by_type: BTreeMap::new() };
        for (index, definition) in model.constructors.iter().enumerate() {
            model.by_name.insert(definition.name.clone(), index);
            let Type::Boxed(result) = &definition.result else {
                return Err(format!("`{}` makes no named type", definition.name));
            };
            model.by_type.entry(result.clone()).or_default().push(index);
        }
        model.check()?;
        Ok(model)
    }

    /// Returns the types, each with its constructors in the schema's order.
    pub fn types(&self) -> impl Iterator<Item = (&str, Vec<&Definition>)> {
        self.by_type.iter().map(|(name, indices)| {
            (name.as_str(), indices.iter().map(|index| &self.constructors[*index]).collect())
        })
    }

    /// Returns every definition that has an id.
    pub fn all(&self) -> impl Iterator<Item = &Definition> {
        self.constructors.iter().chain(&self.functions).chain(&self.built_in)
    }

    /// Returns whether a field of this type must be boxed for `owner` to have a finite size.
    pub fn is_recursive(&self, owner: &Definition, ty: &Type) -> bool {
        let (Type::Boxed(target), Type::Boxed(start)) = (&owner.result, ty) else { return false };
        if owner.is_function {
            return false;
        }
        let mut seen = BTreeSet::new();
        let mut waiting = vec![start.as_str()];
        while let Some(name) = waiting.pop() {
            if name == target {
                return true;
            }
            if !seen.insert(name) {
                continue;
            }
            let constructors = self.by_type.get(name).into_iter().flatten();
            for field in constructors.flat_map(|index| &self.constructors[*index].fields) {
                if let Some(Type::Boxed(next)) = value_type(field) {
                    waiting.push(next);
                }
            }
        }
        false
    }

    /// Returns whether the enum boxes the struct of this constructor.
    pub fn is_boxed_variant(&self, definition: &Definition) -> bool {
        let Type::Boxed(result) = &definition.result else { return false };
        self.by_type[result].len() > 1 && self.size(definition) > LARGE_VARIANT
    }

    /// Returns whether no field is required.
    pub fn has_default(definition: &Definition) -> bool {
        !definition.fields.iter().any(|field| matches!(field.kind, FieldKind::Required(_)))
    }

    /// Returns an upper estimate of the struct's size in bytes.
    fn size(&self, definition: &Definition) -> usize {
        let field = |field: &Field| match &field.kind {
            FieldKind::Flags => 0,
            FieldKind::Mark { .. } => 1,
            FieldKind::Required(ty) => self.type_size(definition, ty),
            FieldKind::Optional { ty: ty @ (Type::Int | Type::Long | Type::Double), .. } => {
                2 * self.type_size(definition, ty)
            }
            FieldKind::Optional { ty, .. } => self.type_size(definition, ty),
        };
        definition.fields.iter().map(field).sum()
    }

    fn type_size(&self, owner: &Definition, ty: &Type) -> usize {
        match ty {
            Type::Int | Type::Bool => 4,
            Type::Long | Type::Double => 8,
            Type::Int128 => 16,
            Type::Int256 => 32,
            Type::String | Type::Bytes | Type::Vector(_) | Type::BareVector(_) | Type::Query => 24,
            Type::Bare(name) => self.size(&self.constructors[self.by_name[name]]),
            Type::Boxed(_) if self.is_recursive(owner, ty) => 8,
            Type::Boxed(name) => {
                let variants = &self.by_type[name];
                let largest = variants.iter().map(|index| self.size(&self.constructors[*index]));
                let largest =
                    largest.map(|size| if variants.len() > 1 { size.min(LARGE_VARIANT) } else { size });
                8 + largest.max().unwrap_or_default()
            }
        }
    }

    fn check(&self) -> Result<(), String> {
        let mut ids = BTreeMap::new();
        for definition in self.all() {
            if let Some(other) = ids.insert(definition.id, &definition.name) {
                return Err(format!(
                    "`{}` and `{other}` have the same id {:08x}",
                    definition.name, definition.id
                ));
            }
        }
        for definition in self.constructors.iter().chain(&self.functions) {
            let mut names = BTreeSet::new();
            let mut flags = BTreeSet::new();
            for field in &definition.fields {
                let complain =
                    |what: String| Err(format!("`{}`, field `{}`: {what}", definition.name, field.name));
                if !names.insert(names::field_name(&field.name)) {
                    return complain("the name is used twice".to_owned());
                }
                match &field.kind {
                    FieldKind::Flags => {
                        flags.insert(field.name.as_str());
                    }
                    FieldKind::Mark { flags: word, .. } | FieldKind::Optional { flags: word, .. }
                        if !flags.contains(word.as_str()) =>
                    {
                        return complain(format!("no `{word}:#` stands before it"));
                    }
                    _ => {}
                }
                if let Some(ty) = value_type(field)
                    && let Err(reason) = self.check_type(ty)
                {
                    return complain(reason);
                }
            }
            let is_wrapper = definition.is_function && definition.result == Type::Query;
            if !is_wrapper && let Err(reason) = self.check_type(&definition.result) {
                return Err(format!("`{}`, result: {reason}", definition.name));
            }
        }
        Ok(())
    }

    fn check_type(&self, ty: &Type) -> Result<(), String> {
        match ty {
            Type::Boxed(name) if !self.by_type.contains_key(name) => {
                Err(format!("the schema has no constructor of the type `{name}`"))
            }
            Type::Bare(name) if !self.by_name.contains_key(name) => {
                Err(format!("the schema has no constructor `{name}`"))
            }
            Type::Vector(item) | Type::BareVector(item) => match &**item {
                // The reader requires at least four bytes per item of a vector.
                Type::Bare(name)
                    if self.by_name.get(name).is_some_and(|i| self.constructors[*i].fields.is_empty()) =>
                {
                    Err(format!("a vector of the empty `{name}` has no bound"))
                }
                item => self.check_type(item),
            },
            _ => Ok(()),
        }
    }
}

/// Returns the type of the field's value, if it has one.
pub fn value_type(field: &Field) -> Option<&Type> {
    match &field.kind {
        FieldKind::Required(ty) | FieldKind::Optional { ty, .. } => Some(ty),
        FieldKind::Flags | FieldKind::Mark { .. } => None,
    }
}

/// Returns whether the type has an empty value (zero, false, an empty string or vector).
pub fn is_plain(ty: &Type) -> bool {
    !matches!(ty, Type::Boxed(_) | Type::Bare(_) | Type::Query)
}
