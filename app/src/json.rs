//! What the page reads as JSON: text to a tree, the tree to our types.
//!
//! serde_json can read types from text at once, but each type then brings a reader of text, one of arrays that stand for
//! it, and words for what is wrong with a number of it: a tenth of the program. The text is still read by serde_json; of
//! the tree only those forms are read that it writes, and what is wrong is not told, for nobody could do anything with it.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, Expected, IntoDeserializer, Unexpected,
    VariantAccess, Visitor,
};
use serde_json::Value;

/// Reads what serde_json wrote; `None` for everything else.
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    T::deserialize(Tree(serde_json::from_str(text).ok()?)).ok()
}

/// Some JSON as a source of one value.
struct Tree(Value);

/// It is not what was expected.
#[derive(Clone, Copy, Debug)]
struct Wrong;

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not what was expected")
    }
}

impl std::error::Error for Wrong {}

/// All of them, because those that the trait has make texts.
impl Error for Wrong {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

impl IntoDeserializer<'_, Wrong> for Tree {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Methods for kinds of values, each reading the one form that they have.
macro_rules! read_as {
    ($read:ident: $($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            self.$read(visitor)
        })*
    };
}

impl Tree {
    fn number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Value::Number(number) = self.0 else { return Err(Wrong) };
        match (number.as_u64(), number.as_i64(), number.as_f64()) {
            (Some(number), ..) => visitor.visit_u64(number),
            (_, Some(number), _) => visitor.visit_i64(number),
            (.., Some(number)) => visitor.visit_f64(number),
            _ => Err(Wrong),
        }
    }

    fn string<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Value::String(text) = self.0 else { return Err(Wrong) };
        visitor.visit_string(text)
    }

    fn array<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Value::Array(values) = self.0 else { return Err(Wrong) };
        visitor.visit_seq(SeqDeserializer::new(values.into_iter().map(Tree)))
    }

    fn object<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Value::Object(fields) = self.0 else { return Err(Wrong) };
        visitor.visit_map(MapDeserializer::new(fields.into_iter().map(|(name, value)| (name, Self(value)))))
    }
}

impl<'de> Deserializer<'de> for Tree {
    type Error = Wrong;

    read_as! { number: deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_i8 deserialize_i16
    deserialize_i32 deserialize_i64 deserialize_f32 deserialize_f64 }
    read_as! { string: deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
    deserialize_identifier }
    read_as! { array: deserialize_seq }
    read_as! { object: deserialize_map }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(_) => self.number(visitor),
            Value::String(_) => self.string(visitor),
            Value::Array(_) => self.array(visitor),
            Value::Object(_) => self.object(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_bool(self.0.as_bool().ok_or(Wrong)?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Wrong> {
        self.array(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.array(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.object(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        match self.0 {
            Value::String(name) => visitor.visit_enum(Variant { name, value: Value::Null }),
            Value::Object(fields) => {
                let (name, value) = fields.into_iter().next().ok_or(Wrong)?;
                visitor.visit_enum(Variant { name, value })
            }
            _ => Err(Wrong),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_unit()
    }
}

/// A variant of an enum: its name, or an object of its name and what it holds.
struct Variant {
    name: String,
    value: Value,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = Wrong;
    type Variant = Tree;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Tree), Wrong> {
        Ok((seed.deserialize(Tree(Value::String(self.name)))?, Tree(self.value)))
    }
}

impl<'de> VariantAccess<'de> for Tree {
    type Error = Wrong;

    fn unit_variant(self) -> Result<(), Wrong> {
        if self.0.is_null() { Ok(()) } else { Err(Wrong) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Wrong> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Wrong> {
        self.array(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Wrong> {
        self.object(visitor)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    enum Kind {
        Unit,
        One(u8),
        Two(u8, String),
        #[serde(rename_all = "camelCase")]
        Named {
            is_it: bool,
        },
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Id(u64);

    #[derive(Debug, PartialEq, Deserialize)]
    struct All {
        id: Id,
        below: i64,
        part: f64,
        letter: char,
        #[serde(default)]
        text: String,
        maybe: Option<Box<All>>,
        kinds: Vec<Kind>,
        pair: (u32, u32),
        any: Value,
    }

    const ALL: &str = r#"{"id":18446744073709551615,"below":-5,"part":0.5,"letter":"é","maybe":null,"new":[{}],
        "kinds":["Unit",{"One":1},{"Two":[2,"b"]},{"Named":{"isIt":true}}],"pair":[3,4],"any":{"a":[1,null,"x",-2.5,true]}}"#;

    #[test]
    fn what_is_read_is_what_serde_json_reads() {
        let nested =
            ALL.replace("null,\"new\"", &format!("{ALL},\"new\"")).replace("\"new\"", "\"text\":\"t\",\"new\"");
        for text in [ALL, &nested] {
            assert_eq!(read::<All>(text), Some(serde_json::from_str(text).unwrap()), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_nothing() {
        let cases = [
            ("\"id\":18446744073709551615", "\"id\":\"7\""),
            ("\"below\":-5,", ""),
            ("[3,4]", "[3]"),
            ("\"Unit\"", "\"Other\""),
            ("\"Unit\"", "{\"Unit\":5}"),
            ("\"Unit\"", "{}"),
            ("{\"One\":1}", "{\"One\":256}"),
            ("{\"isIt\":true}", "{\"isIt\":1}"),
            ("\"é\"", "\"éé\""),
            ("0.5", "\"0.5\""),
        ];
        for (from, to) in cases {
            let text = ALL.replace(from, to);
            assert_ne!(text, ALL, "{from}");
            assert_eq!(read::<All>(&text), None, "{to}");
            assert!(serde_json::from_str::<All>(&text).is_err(), "{to}");
        }
        for text in ["", "{", "[]", "null"] {
            assert_eq!(read::<All>(text), None, "{text:?}");
        }
    }
}
