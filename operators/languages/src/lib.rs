//! What Backstory knows of source languages: one folder per language.
