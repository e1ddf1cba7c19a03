//! The clauses of the language, one row each; and what holds for every text.
