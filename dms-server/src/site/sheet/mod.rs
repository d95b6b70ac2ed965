//! Sites as a sheet: rows of a CSV file, written by people or by another system.
//!
//! - [`plan`]: what a sheet would change, and what speaks against it;
//! - [`routes`]: import with a dry run, export.

pub mod plan;
pub mod routes;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use swarm::site::{Cidr, CidrError};
use swarm::wire::Peering;
use utoipa::ToSchema;

use super::hours::{FORM, Hours, TextFault};

/// The most rows of a sheet.
pub const ROWS_MAX: usize = 20_000;

/// The most faults that are told at once.
const FAULTS_MAX: usize = 500;

/// How much of a wrong value is shown, characters.
const SHOWN_MAX: usize = 80;

/// The fastest WAN that is no typing error, Mbit/s.
const MBIT_MAX: f64 = 1_000_000.0;

/// Something wrong with a cell, or worth knowing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SheetFault)]
pub struct Fault {
    /// The line of the file, from 1; 0: the file as a whole.
    pub line: u64,
    /// The column: `site`, `subnets`, `peering`, `wan_mbit` or `wan_hours`.
    pub column: String,
    /// What stands there.
    pub value: String,
    /// Stable code.
    pub code: String,
    /// What is wrong.
    pub detail: String,
    /// What to do about it.
    pub fix: String,
}

impl Fault {
    fn new(line: u64, column: &str, value: &str, code: &str, detail: String, fix: String) -> Self {
        Self {
            line,
            column: column.to_owned(),
            value: value.chars().take(SHOWN_MAX).collect(),
            code: code.to_owned(),
            detail,
            fix,
        }
    }
}

/// One row that could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its line in the file, from 1.
    pub line: u64,
    /// The site's name.
    pub site: String,
    /// Its subnets.
    pub subnets: Vec<Cidr>,
    /// What its peers may do, if it says.
    pub peering: Option<Peering>,
    /// Its WAN cap, bytes per second, if it says; 0 is none.
    pub wan_cap: Option<u64>,
    /// Its hours with another cap, if it says.
    pub hours: Option<Hours>,
}

/// A sheet's rows, and what is wrong with the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheet {
    /// What could be read.
    pub rows: Vec<Row>,
    /// What could not.
    pub faults: Vec<Fault>,
    /// What is not used, such as columns that sites do not have.
    pub notices: Vec<Fault>,
}

/// Names of columns, as they are written by us and by others, without case, spaces and punctuation.
const SITE: &[&str] = &["site", "name", "sitename", "groupid", "group", "office"];
const SUBNETS: &[&str] = &["subnets", "subnet", "cidr", "cidrs", "networks", "network"];
const PEERING: &[&str] = &["peering", "p2p", "p2ponoffleech", "p2pmode"];
const WAN: &[&str] = &[
    "wanmbit",
    "wan",
    "wanmbits",
    "wanmbps",
    "wancap",
    "bandwidthmbit",
];

const HOURS: &[&str] = &["wanhours", "hours", "wanwindows", "caphours"];

/// Where the columns are.
struct Columns {
    site: usize,
    subnets: usize,
    peering: Option<usize>,
    wan: Option<usize>,
    hours: Option<usize>,
    /// How many cells the line of names has.
    width: usize,
}

/// Reads a sheet: a line of names, then a row a line. Commas, semicolons or tabs separate.
#[must_use]
pub fn read(bytes: &[u8]) -> Sheet {
    let mut sheet = Sheet::default();
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.trim_start_matches('\u{feff}'),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + good.iter().filter(|byte| **byte == b'\n').count() as u64;
            let fix = "Save the file as CSV in UTF-8.".to_owned();
            let detail = "This is not text in UTF-8.".to_owned();
            sheet
                .faults
                .push(Fault::new(line, "", "", "not_utf8", detail, fix));
            return sheet;
        }
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(separator(text))
        .from_reader(text.as_bytes());
    let mut columns = None;
    let mut record = csv::StringRecord::new();
    loop {
        let start = reader.position().clone();
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                sheet.faults.push(marks(line, error.to_string()));
                break;
            }
        }
        let line = record.position().map_or(0, csv::Position::line);
        if is_unclosed(text, &start, reader.position()) {
            let detail = "A quotation mark is opened here and never closed.".to_owned();
            sheet.faults.push(marks(line, detail));
            break;
        }
        if record.iter().all(str::is_empty) {
            continue;
        }
        let Some(known) = &columns else {
            match heading(&record, line, &mut sheet) {
                Some(found) => columns = Some(found),
                None => break,
            }
            continue;
        };
        if sheet.rows.len() >= ROWS_MAX || sheet.faults.len() >= FAULTS_MAX {
            let detail = format!("At most {ROWS_MAX} rows and {FAULTS_MAX} faults are read.");
            let fix = "Mend what is told, or split the file.".to_owned();
            sheet
                .faults
                .push(Fault::new(line, "", "", "too_long", detail, fix));
            break;
        }
        read_row(&record, line, known, &mut sheet);
    }
    if columns.is_none() && sheet.faults.is_empty() {
        let (detail, fix) = ("The file is empty.".to_owned(), headings());
        sheet
            .faults
            .push(Fault::new(0, "", "", "empty", detail, fix));
    }
    sheet
}

/// Whether a record, which stands between two positions, has a quotation mark without its other half.
fn is_unclosed(text: &str, start: &csv::Position, end: &csv::Position) -> bool {
    let place = |position: &csv::Position| usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let raw = text.as_bytes().get(place(start)..place(end));
    let marks = raw.unwrap_or_default().iter().filter(|byte| **byte == b'"');
    marks.count() % 2 == 1
}

fn marks(line: u64, detail: String) -> Fault {
    let fix = "Check the quotation marks of this line.".to_owned();
    Fault::new(line, "", "", "not_csv", detail, fix)
}

/// What separates the cells: whichever there is most of in the first line.
fn separator(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty());
    let count = |byte: u8| {
        first
            .unwrap_or_default()
            .bytes()
            .filter(|b| *b == byte)
            .count()
    };
    let candidates = [b',', b';', b'\t'].into_iter().rev();
    candidates.max_by_key(|byte| count(*byte)).unwrap_or(b',')
}

fn headings() -> String {
    "Begin with a line of names: site,subnets,peering,wan_mbit,wan_hours.".to_owned()
}

fn heading(record: &csv::StringRecord, line: u64, sheet: &mut Sheet) -> Option<Columns> {
    let plain = |cell: &str| -> String {
        let letters = cell.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let cells: Vec<String> = record.iter().map(plain).collect();
    let find = |names: &[&str]| cells.iter().position(|cell| names.contains(&cell.as_str()));
    let (site, subnets) = (find(SITE), find(SUBNETS));
    let (Some(site), Some(subnets)) = (site, subnets) else {
        let missing = if site.is_none() { "site" } else { "subnets" };
        let detail = format!("There is no column for the {missing}.");
        let value = record.iter().collect::<Vec<_>>().join(",");
        let fault = Fault::new(line, missing, &value, "no_column", detail, headings());
        sheet.faults.push(fault);
        return None;
    };
    let columns = Columns {
        site,
        subnets,
        peering: find(PEERING),
        wan: find(WAN),
        hours: find(HOURS),
        width: record.len(),
    };
    let used = [
        Some(site),
        Some(subnets),
        columns.peering,
        columns.wan,
        columns.hours,
    ];
    for (index, name) in record.iter().enumerate() {
        if !used.contains(&Some(index)) && !name.is_empty() {
            let detail = "This column is not used.".to_owned();
            let notice = Fault::new(line, name, "", "unused_column", detail, String::new());
            sheet.notices.push(notice);
        }
    }
    Some(columns)
}

fn read_row(record: &csv::StringRecord, line: u64, columns: &Columns, sheet: &mut Sheet) {
    let cell =
        |index: Option<usize>| unguarded(index.and_then(|i| record.get(i)).unwrap_or_default());
    let before = sheet.faults.len();
    // More subnets with commas between them would be lost without a word.
    if let Some(extra) = record
        .iter()
        .skip(columns.width)
        .find(|cell| !cell.is_empty())
    {
        let detail = "This line has more cells than there are names of columns.".to_owned();
        let fix =
            "Put a cell with several subnets into quotation marks, or separate them by spaces.";
        let fault = Fault::new(line, "", extra, "too_many_cells", detail, fix.to_owned());
        sheet.faults.push(fault);
    }
    let site = cell(Some(columns.site));
    if let Some(fault) = name_fault(line, site) {
        sheet.faults.push(fault);
    }
    let mut subnets: Vec<Cidr> = Vec::new();
    let words = cell(Some(columns.subnets));
    for word in words.split([' ', ',', ';', '|', '\n', '\r', '\t']) {
        match word.parse() {
            _ if word.is_empty() => {}
            Ok(subnet) if subnets.contains(&subnet) => {}
            Ok(subnet) => subnets.push(subnet),
            Err(error) => sheet.faults.push(subnet_fault(line, word, &error)),
        }
    }
    let peering = peering(line, cell(columns.peering)).unwrap_or_else(|fault| {
        sheet.faults.push(*fault);
        None
    });
    let wan_cap = wan_cap(line, cell(columns.wan)).unwrap_or_else(|fault| {
        sheet.faults.push(*fault);
        None
    });
    let hours = hours(line, cell(columns.hours)).unwrap_or_else(|fault| {
        sheet.faults.push(*fault);
        None
    });
    if sheet.faults.len() == before {
        sheet.rows.push(Row {
            line,
            site: site.to_owned(),
            subnets,
            peering,
            wan_cap,
            hours,
        });
    }
}

/// A cell without the mark that keeps spreadsheets from taking it for a formula.
fn unguarded(cell: &str) -> &str {
    let guarded = cell.strip_prefix('\'');
    guarded
        .filter(|rest| rest.starts_with(['=', '+', '-', '@']))
        .unwrap_or(cell)
}

fn name_fault(line: u64, name: &str) -> Option<Fault> {
    let most = super::routes::NAME_MAX;
    let wrong =
        name.is_empty() || name.chars().count() > most || name.chars().any(char::is_control);
    wrong.then(|| {
        let detail = "This is no name of a site.".to_owned();
        let fix = format!("Give 1 to {most} printable characters.");
        Fault::new(line, "site", name, "length", detail, fix)
    })
}

fn subnet_fault(line: u64, word: &str, error: &CidrError) -> Fault {
    let (code, fix) = match error {
        CidrError::Syntax(_) => ("invalid_subnet", "Write it like 10.20.0.0/16.".to_owned()),
        CidrError::Prefix { most, .. } => ("prefix", format!("Give a prefix of at most /{most}.")),
        CidrError::HostBits { meant, .. } => ("host_bits", format!("Write {meant}.")),
    };
    Fault::new(line, "subnets", word, code, error.to_string(), fix)
}

fn peering(line: u64, cell: &str) -> Result<Option<Peering>, Box<Fault>> {
    match cell.to_lowercase().replace(['-', ' '], "_").as_str() {
        "" => Ok(None),
        "on" | "yes" | "true" | "1" => Ok(Some(Peering::On)),
        "leech" | "consume_only" => Ok(Some(Peering::ConsumeOnly)),
        "off" | "no" | "false" | "0" => Ok(Some(Peering::Off)),
        _ => {
            let detail = format!(
                "\"{}\" is no peering rule.",
                cell.chars().take(20).collect::<String>()
            );
            let fix = "Give on, consume_only (leech) or off.".to_owned();
            Err(Box::new(Fault::new(
                line, "peering", cell, "peering", detail, fix,
            )))
        }
    }
}

/// Bytes per second of so many Mbit/s.
fn wan_cap(line: u64, cell: &str) -> Result<Option<u64>, Box<Fault>> {
    if cell.is_empty() {
        return Ok(None);
    }
    let mbit: Option<f64> = cell.replace(',', ".").parse().ok();
    let mbit = mbit.filter(|mbit| (0.0..=MBIT_MAX).contains(mbit));
    let bytes = mbit.map(|mbit| (mbit * 125_000.0).round());
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "0 to 1.25e11"
    )]
    let bytes = bytes.map(|bytes| bytes as u64);
    bytes.map(Some).ok_or_else(|| {
        let detail = "This is no WAN cap.".to_owned();
        let fix = "Give Mbit/s, such as 50; 0 or nothing is no cap.".to_owned();
        Box::new(Fault::new(line, "wan_mbit", cell, "range", detail, fix))
    })
}

/// Hours of the week with another cap.
fn hours(line: u64, cell: &str) -> Result<Option<Hours>, Box<Fault>> {
    if cell.is_empty() {
        return Ok(None);
    }
    cell.parse().map(Some).map_err(|error: TextFault| {
        let (detail, fix) = (error.to_string(), FORM.to_owned());
        Box::new(Fault::new(
            line,
            "wan_hours",
            cell,
            "wan_hours",
            detail,
            fix,
        ))
    })
}
