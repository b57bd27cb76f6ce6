//! JSON layout for snapshots: what fits on a line is on one line.

use serde_json::Value;

const WIDTH: usize = 110;

/// Formats a value.
pub fn laid_out(value: &Value) -> String {
    let mut out = String::new();
    lay_out(value, 0, 0, &mut out);
    out.push('\n');
    out
}

fn lay_out(value: &Value, indent: usize, used: usize, out: &mut String) {
    let flat = value.to_string();
    if flat.len() + indent + used <= WIDTH {
        return out.push_str(&flat);
    }
    let inner = " ".repeat(indent + 2);
    let outer = " ".repeat(indent);
    match value {
        Value::Object(members) => {
            out.push('{');
            for (at, (name, value)) in members.iter().enumerate() {
                out.push_str(if at == 0 { "\n" } else { ",\n" });
                out.push_str(&inner);
                out.push_str(&format!("{name:?}: "));
                lay_out(value, indent + 2, name.len() + 5, out);
            }
            out.push_str(&format!("\n{outer}}}"));
        }
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().enumerate() {
                out.push_str(if at == 0 { "\n" } else { ",\n" });
                out.push_str(&inner);
                lay_out(item, indent + 2, 0, out);
            }
            out.push_str(&format!("\n{outer}]"));
        }
        _ => out.push_str(&flat),
    }
}
