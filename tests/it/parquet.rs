//! Parquet files of every kind are read as CSV files are.

use std::io::Write;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;
use parquet::basic::{Compression as PageCompression, ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use crate::support::Sandbox;
use crate::undo::{FILES, content};

/// The table of a CSV file as columns of text; empty cells are null. A row group has two rows.
fn parquet_of(csv: &str) -> Vec<u8> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns = reader.headers().unwrap().iter().map(|name| {
        let column = Type::primitive_type_builder(name, Physical::BYTE_ARRAY)
            .with_repetition(Repetition::OPTIONAL)
            .with_converted_type(ConvertedType::UTF8);
        Arc::new(column.build().unwrap())
    });
    let schema = Type::group_type_builder("table").with_fields(columns.collect()).build().unwrap();
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let properties = WriterProperties::builder().set_compression(PageCompression::SNAPPY).build();
    let mut bytes = Vec::new();
    let mut writer =
        SerializedFileWriter::new(&mut bytes, Arc::new(schema), Arc::new(properties)).unwrap();
    for rows in records.chunks(2) {
        let mut group = writer.next_row_group().unwrap();
        for place in 0..rows[0].len() {
            let cells: Vec<&str> = rows.iter().map(|row| &row[place]).collect();
            let defined: Vec<i16> = cells.iter().map(|cell| i16::from(!cell.is_empty())).collect();
            let values: Vec<ByteArray> =
                cells.iter().filter(|cell| !cell.is_empty()).map(|cell| (*cell).into()).collect();
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<ByteArrayType>().write_batch(&values, Some(&defined), None).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

#[test]
fn every_kind_of_file_gives_what_its_csv_gives() {
    let (from_csv, from_parquet) = (Sandbox::new(), Sandbox::new());
    let firsts = FILES.iter().map(|(kind, first, _)| (kind, first));
    for (kind, text) in firsts.chain(FILES.iter().map(|(kind, _, second)| (kind, second))) {
        from_csv.write("file.csv", text);
        from_csv.ok(&format!("import --kind {kind} file.csv"));
        // The name says nothing: the content tells.
        std::fs::write(from_parquet.path("file.csv"), parquet_of(text)).unwrap();
        from_parquet.ok(&format!("import --kind {kind} file.csv"));
        assert_eq!(content(&from_parquet), content(&from_csv), "{kind}\n{text}");
    }
}

const EVENTS: &str = "company_id,event,timestamp\nacme,login,2026-03-01T10:00:00Z\n\
                      acme,login,never\nglobex,login,2026-03-02T10:00:00Z\n";

#[test]
fn a_packed_file_and_a_stream_are_read_too() {
    let sandbox = Sandbox::new();
    let bytes = parquet_of(&EVENTS.replace("never", "2026-03-01T11:00:00Z"));
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&bytes).unwrap();
    std::fs::write(sandbox.path("file.parquet.gz"), packed.finish().unwrap()).unwrap();
    sandbox.ok("import file.parquet.gz").says(&["new 3, known 0"]);
    std::fs::write(sandbox.path("file.parquet"), bytes).unwrap();
    let mut command = sandbox.command("import -");
    command.stdin(std::fs::File::open(sandbox.path("file.parquet")).unwrap());
    let outcome = crate::support::Outcome::of("import -", command);
    assert_eq!(outcome.status, 0, "{outcome}");
    outcome.says(&["new 0, known 3"]);
}

#[test]
fn a_row_that_cannot_be_read_is_rejected_by_its_number() {
    let sandbox = Sandbox::new();
    let others = (10..30).map(|day| format!("acme,login,2026-03-{day}T10:00:00Z\n"));
    let text = EVENTS.to_owned() + &others.collect::<String>();
    std::fs::write(sandbox.path("file.parquet"), parquet_of(&text)).unwrap();
    let outcome = sandbox.fails("import --rejects bad.csv file.parquet", 3);
    outcome.says(&["new 22, known 0, rejected 1"]);
    let rejects = std::fs::read_to_string(sandbox.path("bad.csv")).unwrap();
    assert!(rejects.contains("acme,login,never"), "{rejects}");
}

#[test]
fn a_file_that_is_cut_short_is_refused_whole() {
    let sandbox = Sandbox::new();
    let whole = parquet_of(EVENTS);
    std::fs::write(sandbox.path("file.parquet"), &whole[..whole.len() - 9]).unwrap();
    let outcome = sandbox.fails("import file.parquet", 4);
    outcome.says(&["error: file.parquet cannot be read as Parquet", "hint: fetch or copy"]);
    assert!(sandbox.array("import --list").is_empty());
}
