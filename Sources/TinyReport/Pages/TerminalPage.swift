import TinyRecords

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
            lines.append("\(unusable.reason.rawValue)".padding(to: 11) + "\(unusable.name): \(unusable.sentence)")
        }
        for section in report.sections {
            lines += [
                "model      \(section.model.brief)", "problems   \(grouped(section.problems)) of \(section.problemSet)",
                "",
            ]
            let table = ResultTable(section: section)
            lines += table.brief.aligned + [""] + table.notes + [""]
        }
        while lines.last == "" { lines.removeLast() }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension String {
    /// The text with blanks behind it up to a width.
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}
