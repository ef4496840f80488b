use sample_app::load::load;

pub fn all() {
    load();
}
