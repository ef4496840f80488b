//! Enums and the names of their variants.

mod circle;

pub use self::circle::Circle;

pub enum Shape {
    Round(Circle),
    Flat,
}

pub fn flat() -> Shape {
    use Shape::*;
    Flat
}

#[cfg(test)]
mod tests {
    use super::*;
    use circle::Circle;

    #[test]
    fn is_flat() {
        use crate::store::keys::Key;
        let _ = (flat(), Circle, Key::default());
    }
}
