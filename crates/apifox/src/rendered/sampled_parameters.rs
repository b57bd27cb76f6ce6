//! Parameters that the path, the code sample and the sections of a page show.

use super::curl::{Curl, Pair};
use super::url::{self, is_placeholder};
use crate::page::{ApiParameter, FieldSpec, ParameterLocation, SampleValue, SchemaSource};
use std::collections::HashMap;

/// Returns whether OpenAPI ignores a header parameter: it describes these headers elsewhere.
pub(crate) fn is_ignored(name: &str) -> bool {
    ["accept", "authorization", "content-type"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// Headers that a code sample shows although they are not parameters.
const STANDARD: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "host",
    "user-agent",
];

/// Returns whether a header of a code sample is not a parameter.
pub(crate) fn is_standard(name: &str) -> bool {
    STANDARD
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// Parameters in order of first occurrence, without duplicates. A parameter is identified by its
/// location and its name.
pub(crate) struct SampledParameters {
    all: Vec<ApiParameter>,
    index: HashMap<(ParameterLocation, String), usize>,
}

impl SampledParameters {
    /// Creates the parameters of a path template.
    pub(crate) fn new(path: &str) -> Self {
        let mut parameters = Self {
            all: Vec::new(),
            index: HashMap::new(),
        };
        for name in url::names(path).unwrap_or_default() {
            parameters.at(ParameterLocation::Path, name, 0);
        }
        parameters
    }

    /// Returns the parameters in one location.
    pub(crate) fn names(&self, place: ParameterLocation) -> impl Iterator<Item = &ApiParameter> {
        self.all
            .iter()
            .filter(move |parameter| parameter.place == place)
    }

    fn at(&mut self, place: ParameterLocation, name: &str, line: u32) -> &mut ApiParameter {
        // Header names are case-insensitive.
        let key = match place {
            ParameterLocation::Header => name.to_ascii_lowercase(),
            _ => name.to_owned(),
        };
        let next = self.all.len();
        let index = *self.index.entry((place, key)).or_insert(next);
        if index == next {
            self.all.push(ApiParameter {
                place,
                field: FieldSpec {
                    name: name.to_owned(),
                    line,
                    ..FieldSpec::default()
                },
                samples: Vec::new(),
                schema: SchemaSource::Inferred,
                style: None,
                explode: None,
            });
        }
        &mut self.all[index]
    }

    fn sample(&mut self, place: ParameterLocation, name: &str, value: &str, line: u32) {
        let parameter = self.at(place, name, line);
        if !is_placeholder(value) {
            parameter.samples.push(SampleValue {
                line,
                text: value.to_owned(),
            });
        }
    }

    /// Adds path parameter values of the code sample; `line` is the line of the path.
    pub(crate) fn add_samples(&mut self, values: Vec<(String, String)>, line: u32, sample: u32) {
        for parameter in &mut self.all {
            parameter.field.line = line;
        }
        for (name, value) in values {
            self.sample(ParameterLocation::Path, &name, &value, sample);
        }
    }

    /// Adds the query on the path line.
    pub(crate) fn add_pairs(&mut self, pairs: &[(String, String)], line: u32) {
        for (name, value) in pairs {
            self.sample(ParameterLocation::Query, name, value, line);
        }
    }

    /// Adds the query and headers of the curl sample.
    pub(crate) fn add_curl(&mut self, curl: &Curl) {
        for Pair { name, value, line } in &curl.query {
            self.sample(ParameterLocation::Query, name, value, *line);
        }
        for Pair { name, value, line } in &curl.headers {
            if !is_standard(name) {
                self.sample(ParameterLocation::Header, name, value, *line);
            }
        }
    }

    /// Adds a parameter from a table. A value from an earlier row for the same parameter takes
    /// precedence.
    pub(crate) fn add_field(&mut self, place: ParameterLocation, field: FieldSpec) {
        let own = &mut self.at(place, &field.name, field.line).field;
        own.type_name = own.type_name.take().or(field.type_name);
        own.required = own.required.or(field.required);
        own.max_length = own.max_length.or(field.max_length);
        own.fixed = own.fixed.take().or(field.fixed);
        own.description = own.description.take().or(field.description);
        own.parents = own.parents.take().or(field.parents);
        own.details.extend(&field.details);
    }

    pub(crate) fn finish(self) -> Vec<ApiParameter> {
        self.all
    }
}
