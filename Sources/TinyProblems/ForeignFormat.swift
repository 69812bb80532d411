import Foundation

/// A format of problem files that is not read, known by its first bytes, and how to convert it.
struct ForeignFormat {
    /// With its article: `a Parquet file`.
    let name: String
    /// A command that makes a file that is read.
    let hint: String

    /// The format of a file; `nil` for JSON and for text that nothing is known of.
    ///
    /// - Parameter path: The file; its name appears in the hint.
    init?(of bytes: [UInt8], path: String) {
        let target = URL(fileURLWithPath: path).deletingPathExtension().relativePath + ".jsonl"
        func converted(_ format: String, _ options: String = "") -> String {
            """
            convert it in Python: datasets.load_dataset("\(format)", data_files="\(path)", split="train"\(options))\
            .to_json("\(target)", lines=True)
            """
        }
        func recoded(_ encoding: String) -> String { "convert it: iconv -f \(encoding) -t UTF-8 \(path) > utf8.jsonl" }
        let marks: [(bytes: [UInt8], name: String, hint: String)] = [
            (Array("PAR1".utf8), "a Parquet file", converted("parquet")),
            (Array("ARROW1".utf8), "an Arrow file", converted("arrow")),
            ([0x1F, 0x8B], "compressed with gzip", "unpack it: gunzip -k \(path)"),
            ([0x28, 0xB5, 0x2F, 0xFD], "compressed with Zstandard", "unpack it: unzstd \(path)"),
            (Array("PK\u{3}\u{4}".utf8), "a ZIP archive", "unpack it: unzip \(path)"),
            ([0xFF, 0xFE], "UTF-16 text", recoded("UTF-16")),
            ([0xFE, 0xFF], "UTF-16 text", recoded("UTF-16")),
            ([0x7B, 0], "UTF-16 text", recoded("UTF-16LE")),
            ([0, 0x7B], "UTF-16 text", recoded("UTF-16BE")),
        ]
        if let mark = marks.first(where: { bytes.starts(with: $0.bytes) }) {
            (name, hint) = (mark.name, mark.hint)
        } else if let separator = Self.separator(of: bytes, path: path) {
            let isTabbed = separator == UInt8(ascii: "\t")
            name = isTabbed ? "a table with tabs (TSV)" : "a CSV file"
            hint = converted("csv", isTabbed ? ", sep=\"\\t\"" : "")
        } else {
            return nil
        }
    }

    /// What parts the columns of a table with a line of names; `nil` where the text is none.
    private static func separator(of bytes: [UInt8], path: String) -> UInt8? {
        let text = bytes.drop { $0 == 0xEF || $0 == 0xBB || $0 == 0xBF || isSpace($0) }
        let line = text.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }.prefix(2_000)
        guard let first = line.first, isLetter(first) || first == UInt8(ascii: "\"") else { return nil }
        guard let separator = "\t,;".utf8.first(where: line.contains) else { return nil }
        let isNamed = [".csv", ".tsv"].contains { path.lowercased().hasSuffix($0) }
        let names = line.split(separator: separator).map { name in
            String(decoding: name, as: UTF8.self).filter { $0 != "\"" }.trimmingSpaces
        }
        return isNamed || names.contains(where: ProblemFields.isKnownKey) ? separator : nil
    }
}
