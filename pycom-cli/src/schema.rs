//! JSON Schema for people: a short notation of types, and which kinds of JSON fit.

use serde_json::{Map, Value};

/// Deepest nesting that is looked into.
const DEEPEST: usize = 8;

/// Kinds of JSON that a schema lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kinds {
    pub null: bool,
    pub boolean: bool,
    pub integer: bool,
    pub number: bool,
    pub string: bool,
    pub array: bool,
    pub object: bool,
}

impl Kinds {
    pub const NONE: Self =
        Self { null: false, boolean: false, integer: false, number: false, string: false, array: false, object: false };
    pub const ANY: Self =
        Self { null: true, boolean: true, integer: true, number: true, string: true, array: true, object: true };

    fn or(self, other: Self) -> Self {
        Self {
            null: self.null || other.null,
            boolean: self.boolean || other.boolean,
            integer: self.integer || other.integer,
            number: self.number || other.number,
            string: self.string || other.string,
            array: self.array || other.array,
            object: self.object || other.object,
        }
    }

    /// Whether only strings fit, apart from `null`.
    pub fn only_string(self) -> bool {
        self.string && Self { string: false, null: false, ..self } == Self::NONE
    }

    /// Whether the kind of this JSON text is among them.
    pub fn fits(self, text: &str) -> bool {
        match text.trim_start().as_bytes().first() {
            Some(b'{') => self.object,
            Some(b'[') => self.array,
            Some(b'"') => self.string,
            Some(b't' | b'f') => self.boolean,
            Some(b'n') => self.null,
            Some(b'-' | b'0'..=b'9') if text.contains(['.', 'e', 'E']) => self.number,
            Some(b'-' | b'0'..=b'9') => self.integer || self.number,
            _ => self.number, // NaN, Infinity
        }
    }

    fn named(name: &str) -> Self {
        let none = Self::NONE;
        match name {
            "null" => Self { null: true, ..none },
            "boolean" => Self { boolean: true, ..none },
            "integer" => Self { integer: true, ..none },
            "number" => Self { integer: true, number: true, ..none },
            "string" => Self { string: true, ..none },
            "array" => Self { array: true, ..none },
            "object" => Self { object: true, ..none },
            _ => Self::ANY,
        }
    }

    fn of_value(value: &Value) -> Self {
        Self::named(match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        })
    }
}

/// Types that schemas refer to by name.
#[derive(Debug, Clone, Copy)]
pub struct Types<'d>(pub &'d Map<String, Value>);

impl<'d> Types<'d> {
    /// The name and the schema of the type that a schema refers to.
    pub fn reference<'s>(self, schema: &'s Value) -> Option<(&'s str, Option<&'d Value>)> {
        let name = schema.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
        Some((name, self.0.get(name)))
    }

    /// Which kinds of JSON fit.
    pub fn kinds(self, schema: &Value) -> Kinds {
        self.kinds_at(schema, 0)
    }

    fn kinds_at(self, schema: &Value, depth: usize) -> Kinds {
        let Value::Object(keys) = schema else {
            return if *schema == Value::Bool(false) { Kinds::NONE } else { Kinds::ANY };
        };
        if depth > DEEPEST {
            return Kinds::ANY;
        }
        if let Some((_, target)) = self.reference(schema) {
            return target.map_or(Kinds::ANY, |target| self.kinds_at(target, depth + 1));
        }
        let union = |schemas: &[Value]| {
            schemas.iter().fold(Kinds::NONE, |kinds, schema| kinds.or(self.kinds_at(schema, depth + 1)))
        };
        if let Some(value) = keys.get("const") {
            return Kinds::of_value(value);
        }
        if let Some(Value::Array(values)) = keys.get("enum") {
            return values.iter().fold(Kinds::NONE, |kinds, value| kinds.or(Kinds::of_value(value)));
        }
        match keys.get("type") {
            Some(Value::String(name)) => return Kinds::named(name),
            Some(Value::Array(names)) => {
                let names = names.iter().filter_map(Value::as_str);
                return names.fold(Kinds::NONE, |kinds, name| kinds.or(Kinds::named(name)));
            }
            _ => {}
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(Value::Array(schemas)) = keys.get(key) {
                return union(schemas);
            }
        }
        match keys.get("allOf") {
            Some(Value::Array(schemas)) if schemas.len() == 1 => self.kinds_at(&schemas[0], depth + 1),
            _ if keys.contains_key("properties") => Kinds::named("object"),
            _ => Kinds::ANY,
        }
    }

    /// The notation: `string`, `u32?`, `[Point]`, `{ x: f64, y?: f64 }`.
    pub fn notation(self, schema: &Value) -> String {
        self.notation_at(schema, 0)
    }

    fn notation_at(self, schema: &Value, depth: usize) -> String {
        let Value::Object(keys) = schema else {
            return if *schema == Value::Bool(false) { "never" } else { "any" }.to_owned();
        };
        if depth > DEEPEST {
            return "…".to_owned();
        }
        if let Some((name, _)) = self.reference(schema) {
            return name.to_owned();
        }
        if let Some(value) = keys.get("const") {
            return value.to_string();
        }
        if let Some(Value::Array(values)) = keys.get("enum") {
            return alternatives(values.iter().map(Value::to_string));
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(Value::Array(schemas)) = keys.get(key) {
                return alternatives(schemas.iter().map(|schema| self.notation_at(schema, depth + 1)));
            }
        }
        match (keys.get("type"), keys.get("allOf")) {
            (Some(Value::String(name)), _) => self.simple(name, keys, depth),
            (Some(Value::Array(names)), _) => {
                alternatives(names.iter().filter_map(Value::as_str).map(|name| self.simple(name, keys, depth)))
            }
            (_, Some(Value::Array(schemas))) => {
                let all: Vec<String> = schemas.iter().map(|schema| self.notation_at(schema, depth + 1)).collect();
                all.join(" & ")
            }
            _ if keys.contains_key("properties") => self.simple("object", keys, depth),
            _ => "any".to_owned(),
        }
    }

    fn simple(self, name: &str, keys: &Map<String, Value>, depth: usize) -> String {
        let format = keys.get("format").and_then(Value::as_str);
        match (name, format) {
            ("integer" | "number", Some(format)) => rust_number(format).unwrap_or(name).to_owned(),
            ("string", Some(format)) => format!("string({format})"),
            ("array", _) => {
                let list = |schema| format!("[{}]", self.notation_at(schema, depth + 1));
                match (keys.get("prefixItems"), keys.get("items")) {
                    (Some(Value::Array(items)), _) => {
                        let items: Vec<String> = items.iter().map(|item| self.notation_at(item, depth + 1)).collect();
                        format!("({})", items.join(", "))
                    }
                    (_, Some(items)) => list(items),
                    _ => "[any]".to_owned(),
                }
            }
            ("object", _) => self.object(keys, depth),
            (name, _) => name.to_owned(),
        }
    }

    fn object(self, keys: &Map<String, Value>, depth: usize) -> String {
        let Some(Value::Object(properties)) = keys.get("properties") else {
            return match keys.get("additionalProperties") {
                Some(schema @ Value::Object(_)) => format!("{{ *: {} }}", self.notation_at(schema, depth + 1)),
                Some(Value::Bool(false)) => "{}".to_owned(),
                _ => "object".to_owned(),
            };
        };
        let required = |name: &str| {
            keys.get("required").and_then(Value::as_array).is_some_and(|names| names.iter().any(|n| n == name))
        };
        let fields: Vec<String> = properties
            .iter()
            .map(|(name, schema)| {
                let mark = if required(name) { "" } else { "?" };
                format!("{name}{mark}: {}", self.optional(schema, !required(name), depth + 1))
            })
            .collect();
        if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
    }

    /// The notation of what may be left out: its `null` goes without saying.
    fn optional(self, schema: &Value, optional: bool, depth: usize) -> String {
        let text = self.notation_at(schema, depth);
        match text.strip_suffix('?') {
            Some(inner) if optional => inner.trim_start_matches('(').trim_end_matches(')').to_owned(),
            _ => text,
        }
    }

    /// As [`notation`](Self::notation), for an argument that may be left out.
    pub fn optional_notation(self, schema: &Value) -> String {
        self.optional(schema, true, 0)
    }

    /// Something that fits, for an example.
    pub fn example(self, schema: &Value) -> Value {
        self.example_at(schema, 0)
    }

    fn example_at(self, schema: &Value, depth: usize) -> Value {
        if let Some((_, Some(target))) = self.reference(schema)
            && depth < DEEPEST
        {
            return self.example_at(target, depth + 1);
        }
        let get = |key: &str| schema.get(key);
        if let Some(value) = get("const").or(get("default")) {
            return value.clone();
        }
        if let Some(value) = get("examples").or(get("enum")).and_then(|values| values.get(0)) {
            return value.clone();
        }
        let chosen = ["anyOf", "oneOf", "allOf"].into_iter().find_map(|key| get(key)?.get(0));
        if let Some(schema) = chosen
            && depth < DEEPEST
        {
            return self.example_at(schema, depth + 1);
        }
        let kinds = self.kinds(schema);
        if kinds.integer {
            return get("minimum").cloned().filter(|least| least.as_f64() > Some(1.0)).unwrap_or(1.into());
        }
        if kinds.number {
            return serde_json::json!(1.5);
        }
        if kinds.string {
            return "text".into();
        }
        if kinds.boolean {
            return true.into();
        }
        if depth >= DEEPEST {
            return Value::Null;
        }
        if kinds.array {
            let items: Vec<Value> = match (get("prefixItems").and_then(Value::as_array), get("items")) {
                (Some(items), _) => items.iter().map(|item| self.example_at(item, depth + 1)).collect(),
                (None, Some(item)) => vec![self.example_at(item, depth + 1)],
                _ => Vec::new(),
            };
            return items.into();
        }
        if kinds.object {
            let mut object = Map::new();
            let required = get("required").and_then(Value::as_array);
            for field in required.into_iter().flatten().filter_map(Value::as_str) {
                let schema = get("properties").and_then(|all| all.get(field)).unwrap_or(&Value::Bool(true));
                object.insert(field.to_owned(), self.example_at(schema, depth + 1));
            }
            return object.into();
        }
        Value::Null
    }

    /// Names of the types that a schema mentions, in the order it does.
    pub fn mentioned(self, schema: &Value, names: &mut Vec<String>) {
        match schema {
            Value::Object(keys) => {
                if let Some((name, target)) = self.reference(schema)
                    && !names.iter().any(|known| known == name)
                {
                    names.push(name.to_owned());
                    if let Some(target) = target {
                        self.mentioned(target, names);
                    }
                }
                keys.values().for_each(|inner| self.mentioned(inner, names));
            }
            Value::Array(items) => items.iter().for_each(|inner| self.mentioned(inner, names)),
            _ => {}
        }
    }
}

/// The Rust type that the macros' schemas name.
pub fn rust_number(format: &str) -> Option<&'static str> {
    Some(match format {
        "uint8" => "u8",
        "uint16" => "u16",
        "uint32" => "u32",
        "uint64" => "u64",
        "uint128" => "u128",
        "uint" => "usize",
        "int8" => "i8",
        "int16" => "i16",
        "int32" => "i32",
        "int64" => "i64",
        "int128" => "i128",
        "int" => "isize",
        "float" => "f32",
        "double" => "f64",
        _ => return None,
    })
}

fn alternatives(of: impl Iterator<Item = String>) -> String {
    let (null, mut others): (Vec<String>, Vec<String>) = of.partition(|text| text == "null");
    others.dedup();
    match (null.is_empty(), others.len()) {
        (_, 0) => "null".to_owned(),
        (true, _) => others.join(" | "),
        (false, 1) => format!("{}?", others[0]),
        (false, _) => format!("({})?", others.join(" | ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn notation(schema: Value) -> String {
        let types = Map::from_iter([("Point".to_owned(), json!({ "type": "object" }))]);
        Types(&types).notation(&schema)
    }

    #[test]
    fn types_are_short() {
        assert_eq!(notation(json!(true)), "any");
        assert_eq!(notation(json!({ "type": "integer", "format": "uint", "minimum": 0 })), "usize");
        assert_eq!(notation(json!({ "type": ["string", "null"] })), "string?");
        assert_eq!(notation(json!({ "type": "array", "items": { "$ref": "#/$defs/Point" } })), "[Point]");
        assert_eq!(notation(json!({ "anyOf": [{ "$ref": "#/$defs/Point" }, { "type": "null" }] })), "Point?");
        assert_eq!(notation(json!({ "enum": ["a", "b", null] })), r#"("a" | "b")?"#);
        let object = json!({
            "type": "object", "required": ["x"],
            "properties": { "x": { "type": "number", "format": "double" }, "y": { "type": ["string", "null"] } },
        });
        assert_eq!(notation(object), "{ x: f64, y?: string }");
        assert_eq!(
            notation(json!({ "type": "object", "additionalProperties": { "type": "string" } })),
            "{ *: string }"
        );
        assert_eq!(notation(json!({ "prefixItems": [true, { "type": "null" }], "type": "array" })), "(any, null)");
    }

    #[test]
    fn kinds_look_through_references() {
        let types = Map::from_iter([("Point".to_owned(), json!({ "type": "object" }))]);
        let kinds = Types(&types).kinds(&json!({ "anyOf": [{ "$ref": "#/$defs/Point" }, { "type": "string" }] }));
        assert_eq!(kinds, Kinds { object: true, string: true, ..Kinds::NONE });
        assert!(kinds.fits(" {}") && !kinds.fits("1") && !kinds.only_string());
    }

    #[test]
    fn a_type_that_holds_itself_ends() {
        let node =
            json!({ "type": "object", "required": ["next"], "properties": { "next": { "$ref": "#/$defs/Node" } } });
        let types = Map::from_iter([("Node".to_owned(), node.clone())]);
        assert_eq!(Types(&types).notation(&node), "{ next: Node }");
        Types(&types).example(&node);
        let loops = json!({ "$ref": "#/$defs/Loop" });
        let types = Map::from_iter([("Loop".to_owned(), loops.clone())]);
        assert_eq!(Types(&types).kinds(&loops), Kinds::ANY);
    }
}
