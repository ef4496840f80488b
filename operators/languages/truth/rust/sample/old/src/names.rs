use base::store::Store;

pub struct Named;

pub fn store() -> Store {
    Store
}
