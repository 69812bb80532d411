// Reports of training runs: reads the records of many runs, computes tables and draws charts.
//
// This target does not know: models, policies, tokenizers, how a run is made. It reads what runs have written, and nothing else.

import Foundation
public import TinyFoundation
import TinyRecords

/// What many runs show together: tables, tests, charts and where every number comes from.
///
/// ```swift
/// let report = try Report(below: ["runs"])
/// let page = report.html(linkedFrom: "runs")        // one file, nothing to load
/// let table = report.markdown()
/// ```
///
/// The same files give the same bytes: no clock and no path of the machine, unless a run lies outside the page's directory.
public struct Report: Sendable {
    /// The runs behind it.
    public let archive: RunArchive
    /// One part for each model and set of test problems.
    public let sections: [Section]

    /// Reads and compares all runs below `directories`.
    ///
    /// - Throws: ``ReportError`` when a directory cannot be listed or none holds a run.
    public init(below directories: [String]) throws(ReportError) {
        self.init(of: try RunArchive(below: directories))
    }

    /// Compares runs that have been read.
    public init(of archive: RunArchive) {
        self.archive = archive
        sections = Section.all(of: archive.runs)
    }

    /// Configurations with a result.
    public var configurationCount: Int { Cell.sorting(archive.runs).count }

    /// When the newest run was started, as its manifest says; `nil` without runs.
    public var newest: String? { archive.runs.map(\.manifest.created).max() }

    /// Versions of the software that made the runs.
    public var versions: [String] { Set(archive.runs.map(\.manifest.version)).sorted() }

    /// One HTML page that holds everything and loads nothing.
    ///
    /// - Parameter folder: Where the page will lie; links to runs are relative to it.
    public func html(linkedFrom folder: String) -> String {
        HTMLPage(report: self, folder: URL(fileURLWithPath: folder).standardizedFileURL.path).text
    }

    /// Accuracy against trained parameters beside the published curves, as an SVG file that stands alone; `nil` without results.
    public func picture() -> String? { PicturePage(report: self).text }

    /// The main table in Markdown, for a README.
    public func markdown() -> String { MarkdownPage(report: self).text }

    /// The main table and the reward curves for a terminal of at least 100 columns.
    public func terminalText() -> String { TerminalPage(report: self).text }
}

extension Report: Encodable {
    private enum CodingKeys: String, CodingKey { case runs, unusable, newest, versions, sections }

    /// Writes every number of the report; runs by name.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(archive.runs.map(\.name), forKey: .runs)
        try container.encode(archive.unusable, forKey: .unusable)
        try container.encodeIfPresent(newest, forKey: .newest)
        try container.encode(versions, forKey: .versions)
        try container.encode(sections, forKey: .sections)
    }
}

/// What keeps a report from being made at all. A single run that is damaged or failed is listed in the report instead.
///
/// Caught by the command, which shows it; nothing was written when it is thrown.
public typealias ReportError = CodedError<ReportErrorCode>

/// The codes of ``ReportError``.
public enum ReportErrorCode: Sendable {
    /// A given directory is not there or cannot be listed.
    case unreadable
    /// No directory below the given ones holds a run.
    case noRuns
}
