import TinyFoundation
import TinyRecords

/// The whole report as one HTML file that loads no other file. It is also valid XML, so that any XML tool can check and read it.
struct HTMLPage {
    let report: Report
    /// Absolute path of the folder the page will be written to.
    let folder: String
    /// Number of each run in the index, from 1, by its name.
    let numbers: [String: Int]

    init(report: Report, folder: String) {
        self.report = report
        self.folder = folder
        numbers = Dictionary(
            report.archive.runs.enumerated().map { ($1.name, $0 + 1) }, uniquingKeysWith: { first, _ in first })
    }

    var text: String {
        var writer = HTMLWriter()
        let title = "Report on \(counted(report.archive.runs.count, "training run"))"
        writer.add(
            "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\"><head><meta charset=\"utf-8\"/>"
                + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>"
                + "<meta name=\"color-scheme\" content=\"light dark\"/><title>\(escaped(title))</title>\n<style>"
                + PageStyle.page + "</style></head>\n<body><main>\n<h1>\(escaped(title))</h1>\n")
        head(&writer)
        for section in report.sections {
            writer.add("<section><h2>\(escaped(section.model.name)) on \(escaped(section.problemSet))</h2>\n")
            figures(section, &writer)
            tables(section, &writer)
            curves(section, &writer)
            equalTokens(section, &writer)
            answers(section, &writer)
            writer.add("</section>\n")
        }
        methods(&writer)
        index(&writer)
        writer.add("</main></body></html>\n")
        return writer.text
    }

    // MARK: Frame

    private func head(_ writer: inout HTMLWriter) {
        let archive = report.archive
        let models = Set(archive.runs.map { $0.manifest.model.brief }).sorted()
        let sets = Set(report.sections.map { "\($0.problemSet), \(counted($0.problems, "problem"))" }).sorted()
        var runs = "\(counted(archive.runs.count, "run")) of \(counted(report.configurationCount, "configuration"))"
        if !archive.unusable.isEmpty {
            runs += "; <a href=\"#unusable\">\(counted(archive.unusable.count, "run")) without a result</a>"
        }
        let facts = [
            (models.count == 1 ? "Model" : "Models", escaped(models.joined(separator: "; "))),
            (sets.count == 1 ? "Test problems" : "Sets of test problems", escaped(sets.joined(separator: "; "))),
            ("Runs", runs), ("Made with", escaped("tinylora " + report.versions.joined(separator: ", "))),
            ("Newest run started", escaped(report.newest ?? "")),
        ]
        writer.add("<dl>")
        for (name, value) in facts where !value.isEmpty { writer.add("<dt>\(name)</dt><dd>\(value)</dd>") }
        writer.add("</dl>\n")
    }

    /// Answers of some runs before and after training.
    private func answers(_ section: Section, _ writer: inout HTMLWriter) {
        for run in section.answers {
            writer.add("<h3>Answers before and after: \(escaped(run.title))")
            if let number = numbers[run.run] {
                writer.add(
                    " <small><a href=\"#r\(number)\" title=\"\(escaped(run.run))/evaluation-samples.jsonl\">run \(number)</a></small>"
                )
            }
            writer.add("</h3>\n")
            for pair in run.pairs {
                writer.add(
                    "<div class=\"answers\"><p>\(escaped(pair.question)) <b>Answer: \(escaped(pair.answer)).</b></p>"
                        + answer("before", pair.before, pair.beforeIsRight)
                        + answer("after", pair.after, pair.afterIsRight)
                        + "</div>\n")
            }
        }
    }

    private func answer(_ when: String, _ text: String, _ isRight: Bool) -> String {
        let limit = 900
        let shown = text.count > limit ? text.prefix(limit) + " …" : text[...]
        return
            "<div><h4>\(when) <span class=\"\(isRight ? "right" : "wrong")\">\(isRight ? "✓ right" : "✗ wrong")</span></h4>"
            + "<pre>\(escaped(String(shown)))</pre></div>"
    }

    private func methods(_ writer: inout HTMLWriter) {
        writer.add("<section><h2>How to read the numbers</h2>\n<ul>")
        for sentence in PageStyle.reading { writer.add("<li>\(escaped(sentence))</li>\n") }
        writer.add("</ul></section>\n")
    }

    private func index(_ writer: inout HTMLWriter) {
        writer.add("<section><h2>Runs</h2>\n")
        var runs = HTMLTable(columns: [
            .number("no."), .text("directory"), .text("method"), .text("algorithm"), .number("parameters"),
            .number("rate"), .number("seed"), .number("steps"), .number("test %"), .number("line"), .text("started"),
        ])
        for (position, run) in report.archive.runs.enumerated() { runs.add(indexRow(position + 1, run)) }
        writer.add(runs, caption: "Every run. The number is the one by which tables refer to it.")
        if !report.archive.unusable.isEmpty {
            var unusable = HTMLTable(columns: [.text("directory"), .text("state"), .text("reason")])
            for run in report.archive.unusable {
                let link = linked(relativePath(from: folder, to: run.path))
                unusable.add([
                    "<a href=\"\(link)/\">\(escaped(run.name))</a>", run.reason.rawValue, escaped(run.sentence),
                ])
            }
            writer.add(unusable, caption: "Runs without a result.", anchor: "<span id=\"unusable\"></span>")
        }
        writer.add("</section>\n")
    }

    private func indexRow(_ number: Int, _ run: RecordedRun) -> [String] {
        let link = linked(relativePath(from: folder, to: run.path))
        var cells = [
            "<a id=\"r\(number)\">\(number)</a>", "<a href=\"\(link)/configuration.json\">\(escaped(run.name))</a>",
            escaped(methodLabel(run.method)), escaped(algorithmLabel(run.algorithm)),
            grouped(run.manifest.trainedParameters), run.learningRate.map(shortest) ?? "", "\(run.seed)",
            grouped(run.steps.count),
        ]
        if let last = run.evaluations.lastIndex(where: { !$0.isValidation && $0.step > 0 }) {
            let line = "<a href=\"\(link)/evaluations.jsonl\">\(last + 1)</a>"
            cells += [percent(run.evaluations[last].strict), line]
        } else {
            cells += ["", ""]
        }
        return cells + [escaped(run.manifest.created)]
    }

    // MARK: Pieces

    /// Links to runs in the index, each with its file and line: `3 4 5`.
    func links(_ sources: [Source]) -> String {
        sources.compactMap { source in
            numbers[source.run].map { "<a href=\"#r\($0)\" title=\"\(escaped(place(source)))\">\($0)</a>" }
        }.joined(separator: " ")
    }

    /// `p13-s1/evaluations.jsonl:2`
    func place(_ source: Source) -> String { "\(source.run)/evaluations.jsonl:\(source.line)" }

    /// A number whose tooltip lists its sources.
    func traced(_ text: String, _ sources: [Source], _ more: String = "") -> String {
        let places = sources.prefix(5).map(place).joined(separator: "\n") + (sources.count > 5 ? "\n…" : "")
        let note = more.isEmpty ? places : more + "\n" + places
        return "<span title=\"\(escaped(note).replacing("\n", with: "&#10;"))\">\(text)</span>"
    }
}
