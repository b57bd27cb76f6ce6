//! Reads the pages of an Apifox documentation site and assembles an OpenAPI document from them.
