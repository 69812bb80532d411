// Reports of training runs: reads the records of many runs, computes tables and draws charts.
//
// This target does not know: models, policies, tokenizers, how a run is made. It reads what runs have written, and nothing else.

import Foundation
public import TinyFoundation
import TinyRecords

/// The results of many runs: tables, statistical tests, charts, and the source of every number.
///
/// ```swift
/// let report = try Report(below: ["runs"])
/// let page = report.html(linkedFrom: "runs")        // one file, nothing to load
/// let table = report.markdown()
/// ```
///
/// The same files give the same bytes: a report holds no time and no absolute path, unless a run lies outside the page's directory.
public struct Report: Sendable {
    /// The runs it is about.
    public let archive: RunArchive
    /// One part for each model and set of test problems.
    public let sections: [Section]

    /// Reads and compares all runs below `directories`.
    ///
    /// - Parameter row: A row that all others of its section are compared with: ``CellResult/row``, or the name of one of its runs.
    /// - Throws: ``ReportError`` when a directory cannot be listed, none holds a run, or there is no such row.
    public init(below directories: [String], against row: String? = nil) throws(ReportError) {
        archive = try RunArchive(below: directories)
        sections = Section.all(of: archive.runs, against: row)
        guard let row, !sections.contains(where: { $0.against != nil }) else { return }
        let rows = sections.flatMap { $0.results.map(\.row) }.inGroups { $0 }.map(\.key)
        throw ReportError(
            .unknownRow,
            "there is no row \"\(row)\"; "
                + (rows.isEmpty ? "no run has a result" : "the rows are: \(rows.joined(separator: "; "))"),
            hint: nearestName(to: row, in: rows).map { "did you mean \"\($0)\"?" })
    }

    /// Compares runs that were read before.
    public init(of archive: RunArchive) {
        self.archive = archive
        sections = Section.all(of: archive.runs, against: nil)
    }

    /// Configurations with a result.
    public var configurationCount: Int { Cell.sorting(archive.runs).count }

    /// Start of the newest run, from its manifest; `nil` without runs.
    public var newest: String? { archive.runs.map(\.manifest.created).max() }

    /// Versions of the software that made the runs.
    public var versions: [String] { Set(archive.runs.map(\.manifest.version)).sorted() }

    /// The report as one HTML file that loads no other file.
    ///
    /// - Parameter folder: The folder the page will be written to; links to runs are relative to it.
    public func html(linkedFrom folder: String) -> String {
        HTMLPage(report: self, folder: URL(fileURLWithPath: folder).standardizedFileURL.path).text
    }

    /// Accuracy against trained parameters and the published curves, as a self-contained SVG file; `nil` without results.
    public func picture() -> String? { PicturePage(report: self).text }

    /// The main table in Markdown, for a README.
    public func markdown() -> String { MarkdownPage(report: self).text }

    /// The main table and the reward curves for a terminal of at least 100 columns.
    public func terminalText() -> String { TerminalPage(report: self).text }
}

extension Report: Encodable {
    private enum CodingKeys: String, CodingKey { case runs, unusable, newest, versions, sections }

    /// Writes every number of the report, and the names of its runs.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(archive.runs.map(\.name), forKey: .runs)
        try container.encode(archive.unusable, forKey: .unusable)
        try container.encodeIfPresent(newest, forKey: .newest)
        try container.encode(versions, forKey: .versions)
        try container.encode(sections, forKey: .sections)
    }
}

/// Why a report cannot be made. A single run that is damaged or failed is no error: the report lists it.
///
/// The command catches and shows it; nothing was written when it is thrown.
public typealias ReportError = CodedError<ReportErrorCode>

/// The codes of ``ReportError``.
public enum ReportErrorCode: Sendable {
    /// A given directory does not exist or cannot be listed.
    case unreadable
    /// No directory below the given ones holds a run.
    case noRuns
    /// The row to compare all others with is none of the report's.
    case unknownRow
}
