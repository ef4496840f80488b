/// A function called like its private module.
pub fn secret() {}
