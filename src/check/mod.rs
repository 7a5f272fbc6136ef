//! Plan rules: one rule, one function, one code.
