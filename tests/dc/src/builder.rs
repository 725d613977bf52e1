//! Builder methods for option structs: a new option is not a breaking change.

/// Writes a `with_…` method for each field named.
macro_rules! builder_methods {
    ($options:ty { $($with:ident => $field:ident: $type:ty),+ $(,)? }) => {
        /// Each method sets one field.
        impl $options {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
                #[must_use]
                pub fn $with(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )+
        }
    };
}

pub(crate) use builder_methods;
