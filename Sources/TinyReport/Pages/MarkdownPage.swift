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
            lines += table.complete.markdown + [""]
            lines += [table.notes.joined(separator: " "), ""]
        }
        lines += unusable
        lines.append(provenance)
        return lines.joined(separator: "\n") + "\n"
    }

    private var unusable: [String] {
        guard !report.archive.unusable.isEmpty else { return [] }
        return report.archive.unusable.map { "- \($0.name): \($0.reason.rawValue), \($0.sentence)" } + [""]
    }

    private var provenance: String {
        let runs = counted(report.archive.runs.count, "run")
        let versions = report.versions.joined(separator: ", ")
        return "From \(runs) of tinylora \(versions)" + (report.newest.map { ", the newest of \($0)." } ?? ".")
    }
}
