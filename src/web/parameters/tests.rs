//! How the parameters of a request are merged and decoded.

use super::*;

fn form(form: &str) -> Parameters {
    Parameters::of_form(form.as_bytes()).expect("not too many")
}

#[test]
fn the_last_of_a_name_counts_and_what_lies_over_it() {
    assert_eq!(form("a=1&a=2").optional::<i64>("a"), Ok(Some(2)));
    let merged = |query: &str, body: &str| form(query).overlaid(form(body)).expect("not too many");
    assert_eq!(merged("a=1", "a=2").optional::<i64>("a"), Ok(Some(2)));
    assert_eq!(merged("a=1", "b=2").optional::<i64>("a"), Ok(Some(1)));
    assert_eq!(merged("a[]=1&a[]=2", "a[]=3").list::<i64>("a"), Ok(vec![3]));
    assert_eq!(merged("a=1", "a[]=3").list::<i64>("a"), Ok(vec![3]));
    assert_eq!(merged("a[]=1", "a=3,4").list::<i64>("a"), Ok(vec![3, 4]));
}

#[test]
fn a_blank_field_is_none_whatever_came_before_it() {
    let form = form("a=1&b=2&a=+&b=3&c=").without_blanks();
    assert_eq!(form.optional::<i64>("a"), Ok(None));
    assert_eq!(form.optional::<i64>("b"), Ok(Some(3)));
    assert_eq!(form.optional::<i64>("c"), Ok(None));
}

#[test]
fn forms_are_decoded() {
    let form = form("d=May+2023%20Karaoke%26more&e=%FF&f&l%5B%5D=a%2Cb&l[]=c");
    assert_eq!(form.text("d"), Some("May 2023 Karaoke&more"));
    assert_eq!((form.has("e"), form.text("e")), (true, None));
    assert_eq!(form.require(&["f"]), Err(ApiError::Missing("f")));
    assert_eq!(form.texts("l").collect::<Vec<_>>(), ["a,b", "c"]);
}

#[test]
fn the_members_of_a_list_are_no_parameters() {
    let of = |pair: &str, count: usize| Parameters::of_form(pair.repeat(count).as_bytes());
    assert!(of("a&", PARAMETERS_MAX).is_ok());
    assert_eq!(of("a&", PARAMETERS_MAX + 1).err(), Some(ApiError::too_many_parameters()));
    assert_eq!(of("%FF&", PARAMETERS_MAX + 1).err(), Some(ApiError::too_many_parameters()));
    let list = of("a[]=7&", PARAMETERS_MAX + 1).expect("one list");
    assert_eq!(list.list::<i64>("a").map(|list| list.len()), Ok(PARAMETERS_MAX + 1));
}
