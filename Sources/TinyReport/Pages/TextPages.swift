import TinyFoundation
import TinyRecords

/// The main tables in Markdown.
struct MarkdownPage {
    let report: Report

    var text: String {
        var lines: [String] = []
        for section in report.sections {
            if report.sections.count > 1 {
                lines += [
                    "### \(section.model.name) on \(section.problemSet), \(counted(section.problems, "problem"))", "",
                ]
            }
            let table = ResultTable(section: section)
            lines += table.complete.markdown + ["", table.notes.joined(separator: " "), ""]
        }
        let unusable = report.archive.unusable
        if !unusable.isEmpty {
            lines +=
                unusable.map { run in
                    "- \(markdownText(run.name)): \(run.reason.rawValue), \(markdownText(run.sentence))"
                } + [""]
        }
        let runs = counted(report.archive.runs.count, "run"), versions = report.versions.joined(separator: ", ")
        lines.append("From \(runs) of tinylora \(versions)" + (report.newest.map { ", the newest of \($0)." } ?? "."))
        return lines.map(oneLine).joined(separator: "\n") + "\n"
    }
}

/// The main tables for a terminal.
struct TerminalPage {
    let report: Report

    var text: String {
        let archive = report.archive
        var lines = [
            "runs       \(grouped(archive.runs.count)) with a result, of "
                + counted(report.configurationCount, "configuration")
        ]
        for unusable in archive.unusable {
            let reason = unusable.reason.rawValue
            let blanks = String(repeating: " ", count: max(1, 11 - reason.count))
            lines.append("\(reason)\(blanks)\(unusable.name): \(unusable.sentence)")
        }
        for section in report.sections {
            lines += [
                "model      \(section.model.brief)", "problems   \(grouped(section.problems)) of \(section.problemSet)",
                "",
            ]
            let table = ResultTable(section: section)
            lines += table.brief.aligned + [""] + table.notes + rewardNotes(section.results.map(\.cell)) + [""]
        }
        while lines.last == "" { lines.removeLast() }
        return lines.map(oneLine).joined(separator: "\n") + "\n"
    }
}

/// Text in aligned columns.
struct TableText {
    /// Alignment of a column.
    enum Side { case left, right }

    let columns: [(title: String, side: Side)]
    let rows: [[String]]

    /// Lines with two spaces between columns; columns that are empty in every row are left out.
    var aligned: [String] {
        let used = usedColumns
        let widths = used.map { column in ([columns[column].title] + rows.map { $0[column] }).map(\.count).max() ?? 0 }
        return ([columns.map(\.title)] + rows).map { row in
            var line = zip(used, widths).map { column, width in
                let blanks = String(repeating: " ", count: max(0, width - row[column].count))
                return columns[column].side == .left ? row[column] + blanks : blanks + row[column]
            }.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }

    /// A table in Markdown with the same columns.
    var markdown: [String] {
        let used = usedColumns
        func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }
        let rules = used.map { columns[$0].side == .right ? "---:" : "---" }
        return [line(used.map { columns[$0].title }), line(rules)]
            + rows.map { row in line(used.map { row[$0].replacing("|", with: "\\|") }) }
    }

    private var usedColumns: [Int] {
        columns.indices.filter { column in rows.contains { !$0[column].isEmpty } }
    }
}
