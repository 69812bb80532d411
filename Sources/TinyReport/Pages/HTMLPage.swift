import TinyRecords

/// The whole report as one page that loads nothing. It is XML as well as HTML, so that any XML tool can check and read it.
struct HTMLPage {
    let report: Report
    /// Absolute path of the folder the page will lie in.
    let folder: String
    /// Place of each run in the index, from 1, by its name.
    let numbers: [String: Int]

    init(report: Report, folder: String) {
        self.report = report
        self.folder = folder
        numbers = Dictionary(
            report.archive.runs.enumerated().map { ($1.name, $0 + 1) }, uniquingKeysWith: { first, _ in first })
    }

    var text: String {
        var writer = PageWriter()
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

    private func head(_ writer: inout PageWriter) {
        let archive = report.archive
        var facts: [(String, String)] = []
        let models = Set(archive.runs.map { $0.manifest.model.brief }).sorted()
        facts.append((models.count == 1 ? "Model" : "Models", escaped(models.joined(separator: "; "))))
        let sets = Set(report.sections.map { "\($0.problemSet), \(counted($0.problems, "problem"))" }).sorted()
        facts.append(
            (sets.count == 1 ? "Test problems" : "Sets of test problems", escaped(sets.joined(separator: "; "))))
        var runs = "\(counted(archive.runs.count, "run")) of \(counted(report.configurationCount, "configuration"))"
        if !archive.unusable.isEmpty {
            runs += "; <a href=\"#unusable\">\(counted(archive.unusable.count, "run")) without a result</a>"
        }
        facts.append(("Runs", runs))
        facts.append(("Made with", escaped("tinylora " + report.versions.joined(separator: ", "))))
        if let newest = report.newest { facts.append(("Newest run started", escaped(newest))) }
        writer.add("<dl>")
        for (name, value) in facts where !value.isEmpty { writer.add("<dt>\(name)</dt><dd>\(value)</dd>") }
        writer.add("</dl>\n")
    }

    private func methods(_ writer: inout PageWriter) {
        writer.add("<section><h2>How to read the numbers</h2>\n<ul>")
        for sentence in PageStyle.reading { writer.add("<li>\(escaped(sentence))</li>\n") }
        writer.add("</ul></section>\n")
    }

    private func index(_ writer: inout PageWriter) {
        var table = HTMLTable(
            caption: writer.caption(table: "Every run. The number is the one by which tables refer to it."),
            columns: [
                .init(title: "no."), .init(title: "directory", isNumber: false),
                .init(title: "method", isNumber: false),
                .init(title: "algorithm", isNumber: false), .init(title: "parameters"), .init(title: "rate"),
                .init(title: "seed"), .init(title: "steps"), .init(title: "test %"), .init(title: "line"),
                .init(title: "started", isNumber: false),
            ])
        for (position, run) in report.archive.runs.enumerated() {
            table.rows.append(.init(cells: indexRow(position + 1, run)))
        }
        writer.add("<section><h2>Runs</h2>\n")
        if !table.rows.isEmpty { writer.add(table.html(id: writer.identifier())) }
        if !report.archive.unusable.isEmpty {
            var table = HTMLTable(
                caption: "<span id=\"unusable\"></span>" + writer.caption(table: "Runs without a result."),
                columns: [
                    .init(title: "directory", isNumber: false), .init(title: "state", isNumber: false),
                    .init(title: "reason", isNumber: false),
                ])
            for run in report.archive.unusable {
                let link = linked(relativePath(from: folder, to: run.path))
                table.rows.append(
                    .init(cells: [
                        "<a href=\"\(link)/\">\(escaped(run.name))</a>", run.reason.rawValue, escaped(run.sentence),
                    ]))
            }
            writer.add(table.html(id: writer.identifier()))
        }
        writer.add("</section>\n")
    }

    private func indexRow(_ number: Int, _ run: Run) -> [String] {
        let link = linked(relativePath(from: folder, to: run.path))
        var cells = ["<a id=\"r\(number)\">\(number)</a>"]
        cells.append("<a href=\"\(link)/configuration.json\">\(escaped(run.name))</a>")
        cells += [escaped(methodLabel(run.method)), escaped(algorithmLabel(run.algorithm))]
        cells += [grouped(run.manifest.trainedParameters), run.learningRate.map(shortest) ?? ""]
        cells += ["\(run.seed)", grouped(run.steps.count)]
        if let last = run.evaluations.lastIndex(where: { !$0.isValidation && $0.step > 0 }) {
            cells.append(percent(run.evaluations[last].strict))
            cells.append("<a href=\"\(link)/evaluations.jsonl\">\(last + 1)</a>")
        } else {
            cells += ["", ""]
        }
        return cells + [escaped(run.manifest.created)]
    }

    // MARK: Pieces

    /// Links to runs in the index, each with its file and line: `3 4 5`.
    func links(_ sources: [Source]) -> String {
        sources.compactMap { source in
            numbers[source.run].map { number in
                "<a href=\"#r\(number)\" title=\"\(escaped(place(source)))\">\(number)</a>"
            }
        }.joined(separator: " ")
    }

    /// `p13-s1/evaluations.jsonl:2`
    func place(_ source: Source) -> String { "\(source.run)/evaluations.jsonl:\(source.line)" }

    /// A number that says where it comes from when one points at it.
    func traced(_ text: String, _ sources: [Source], _ more: String = "") -> String {
        let places = sources.prefix(5).map(place).joined(separator: "\n") + (sources.count > 5 ? "\n…" : "")
        let note = more.isEmpty ? places : more + "\n" + places
        return "<span title=\"\(escaped(note).replacing("\n", with: "&#10;"))\">\(text)</span>"
    }
}

/// Collects a page and counts its figures and tables.
struct PageWriter {
    private(set) var text = ""
    private var figures = 0
    private var tables = 0
    private var identifiers = 0

    mutating func add(_ html: String) { text += html }

    /// `<b>Figure 2.</b> …`; `html` has been escaped.
    mutating func caption(figure html: String) -> String {
        figures += 1
        return "<b>Figure \(figures).</b> \(html)"
    }

    /// `<b>Table 2.</b> …`; `html` has been escaped.
    mutating func caption(table html: String) -> String {
        tables += 1
        return "<b>Table \(tables).</b> \(html)"
    }

    /// A name that no other element of the page has.
    mutating func identifier() -> String {
        identifiers += 1
        return "c\(identifiers)"
    }
}
