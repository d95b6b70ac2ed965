//! One macro that turns a topic of the configuration into a struct, its defaults and its
//! documentation, so that the three cannot drift apart.

/// Documentation of one field: its name and the lines of its doc comment.
pub type FieldDoc = (&'static str, &'static [&'static str]);

macro_rules! topic {
    (
        $(#[doc = $doc:literal])+
        pub struct $name:ident {
            $( $(#[doc = $field_doc:literal])+ pub $field:ident : $type:ty = $default:expr; )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $( $(#[doc = $field_doc])+ pub $field: $type, )+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $( $field: $default, )+ }
            }
        }

        impl $name {
            /// What the topic is about.
            pub const ABOUT: &'static [&'static str] = &[$($doc),+];
            /// The fields and their documentation, in order.
            pub const FIELDS: &'static [crate::config::topic::FieldDoc] =
                &[$( (stringify!($field), &[$($field_doc),+]) ),+];
        }
    };
}

pub(crate) use topic;
