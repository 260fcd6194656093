//! Lists in sentences.

/// The first ten of a list, and … if there are more.
pub(crate) fn first_few<S: AsRef<str>>(list: impl IntoIterator<Item = S>) -> String {
    const SHOWN: usize = 10;
    let mut shown: Vec<S> = list.into_iter().take(SHOWN + 1).collect();
    let more = if shown.len() > SHOWN { ", …" } else { "" };
    shown.truncate(SHOWN);
    let shown: Vec<&str> = shown.iter().map(AsRef::as_ref).collect();
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_shows_ten_and_whether_there_are_more() {
        let letters = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"];
        assert_eq!(first_few(&letters[..0]), "");
        assert_eq!(first_few(&letters[..10]), "a, b, c, d, e, f, g, h, i, j");
        assert_eq!(first_few(letters), "a, b, c, d, e, f, g, h, i, j, …");
    }
}
