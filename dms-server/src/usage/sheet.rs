//! A ledger as CSV (RFC 4180), for a spreadsheet.

use serde::Serialize;

/// The characters with which a spreadsheet takes a cell for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A row of a sheet.
pub trait Row: Serialize {
    /// The names of its columns, in the order of its fields.
    const COLUMNS: &'static [&'static str];

    /// Its texts that people typed.
    fn texts(&mut self) -> [&mut String; 2];
}

/// The rows under a line of names. Texts of people are made harmless for spreadsheets.
///
/// # Errors
/// None that a row can cause.
pub fn csv<T: Row>(rows: Vec<T>) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(Vec::new());
    writer.write_record(T::COLUMNS)?;
    for mut row in rows {
        for text in row.texts() {
            *text = cell(text);
        }
        writer.serialize(row)?;
    }
    writer
        .into_inner()
        .map_err(|error| error.into_error().into())
}

/// A text that no spreadsheet takes for a formula: names are typed by people.
#[must_use]
pub fn cell(text: &str) -> String {
    if text.starts_with(FORMULA) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        #[derive(Serialize)]
        struct Named {
            name: String,
            group: String,
            count: u32,
        }
        impl Row for Named {
            const COLUMNS: &'static [&'static str] = &["name", "group", "count"];

            fn texts(&mut self) -> [&mut String; 2] {
                [&mut self.name, &mut self.group]
            }
        }
        let table = [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("a\"b", "\"a\"\"b\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "'-2"),
            ("+2", "'+2"),
            ("", ""),
        ];
        for (typed, shown) in table {
            let row = Named {
                name: typed.into(),
                group: typed.into(),
                count: 1,
            };
            let text = String::from_utf8(csv(vec![row]).expect("CSV")).expect("UTF-8");
            assert_eq!(text, format!("name,group,count\n{shown},{shown},1\n"));
        }
        let none = csv(Vec::<Named>::new()).expect("CSV");
        assert_eq!(none, b"name,group,count\n");
    }
}
