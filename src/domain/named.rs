//! Enums whose values have a name.

/// Gives an enum one name for each value, used on the command line, in files and in the database:
/// `ALL`, `as_str`, `Display`, `FromStr`, `Serialize` and `Deserialize`.
macro_rules! named {
    ($type:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $type {
            /// Every value, in the order of the declaration.
            pub(crate) const ALL: &'static [$type] = &[$($type::$variant),+];

            /// The name on the command line, in files and in the database.
            pub(crate) fn as_str(self) -> &'static str {
                match self { $($type::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let found = $type::ALL.iter().find(|value| value.as_str() == text);
                found.copied().ok_or_else(|| {
                    let known: Vec<&str> = $type::ALL.iter().map(|value| value.as_str()).collect();
                    format!("'{text}' is not one of {}", known.join(", "))
                })
            }
        }

        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
pub(crate) use named;
