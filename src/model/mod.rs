//! What people and agents hand in: plans, packages, results, settings. Plain, validated data.
