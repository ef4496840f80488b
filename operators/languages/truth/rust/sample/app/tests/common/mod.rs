use sample_app::load;

pub enum Kind {
    First,
}

pub fn helper() {
    load::load();
}
