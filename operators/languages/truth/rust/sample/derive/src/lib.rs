extern crate proc_macro;

mod expand;

use proc_macro::TokenStream;

#[proc_macro_derive(Nothing)]
pub fn nothing(input: TokenStream) -> TokenStream {
    expand::expand(input)
}
