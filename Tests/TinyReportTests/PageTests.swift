import Foundation
import Testing
import TinyReport

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// What the page, the Markdown and the terminal say, to the byte.
@Suite("Pages of a report")
struct PageTests {
    /// Made once; the files are gone when it is there.
    private static let study = Result { try Workspace(SyntheticSweep.study()).report() }

    @Test("Markdown is this, to the letter")
    func markdown() throws {
        let workspace = try Workspace([
            "tiny-1": SyntheticRun(right: 336), "tiny-2": SyntheticRun(seed: 2, right: 344),
            "full": SyntheticRun(method: "full", parameters: 2_104_960, rate: 1e-5, right: 368),
        ])
        try workspace.write(
            #"{"error": "the reward was always 0", "step": 20, "exit": "error"}"#, to: "zero/failure.json")
        let expected = """
            | method | algorithm | parameters | bytes | rate | seeds | accuracy % | 95 % | gain | of full % | 95 % | McNemar p | tokens | time |
            | --- | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | --- | ---: | ---: | ---: |
            | untrained |  | 0 | 0 |  |  | 32.0 | [27.6, 36.7] |  |  |  |  |  |  |
            | TinyLoRA | GRPO | 13 | 26 | 0.05 | 2 | 85.0 | [81.2, 88.5] | +53.0 | 88.3 | [82.8, 93.8] | 5e-63 | 60k | 0:00:10 |
            | full fine-tuning | GRPO | 2,104,960 | 4,209,920 | 1e-5 | 1 | 92.0 | [88.9, 94.3] | +60.0 |  |  | 1e-72 | 60k | 0:00:10 |

            Accuracy: strict grade on 400 problems of abacus/test, mean over seeds. 95 % intervals from 5,000 draws of seeds \
            and then problems, the same problems for all; those of one seed are Wilson's and, of gains, Bonett and Price's, and \
            hold no spread between seeds. McNemar: exact test against the untrained model, the largest p of the seeds. Share of the gain for RL: of full fine-tuning by GRPO, 92.0 %.

            - zero: failed, the reward was always 0 (after step 20)

            From 3 runs of tinylora 0.2.0, the newest of 2026-03-03T10:00:00Z.

            """
        let found = try workspace.report().markdown()
        #expect(found == expected, "\(found)")
    }

    @Test("one problem is one problem")
    func counts() throws {
        let text = try Workspace(["a": SyntheticRun(right: 1, untrained: 0, problems: 1)]).report().markdown()
        #expect(text.contains("strict grade on 1 problem of abacus/test"), "\(text)")
    }

    @Test("the page is XML, every link leads somewhere in it, and no identifier is there twice")
    func wellFormed() throws {
        let study = try Workspace(SyntheticSweep.study())
        let html = try study.report().html(linkedFrom: study.folder.path)
        let page = PageReader()
        let parser = XMLParser(data: Data(html.utf8))
        parser.delegate = page
        #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "") line \(parser.lineNumber)")
        #expect(page.identifiers.count == Set(page.identifiers).count)
        for link in page.links where link.hasPrefix("#") {
            #expect(page.identifiers.contains(String(link.dropFirst())), "\(link)")
        }
        for name in page.labels { #expect(page.identifiers.contains(name), "\(name)") }
        let files = page.links.filter { !$0.hasPrefix("#") }
        #expect(files.contains("grpo-tiny-13-s1/evaluations.jsonl"))
        for file in files {
            #expect(FileManager.default.fileExists(atPath: study.folder.path + "/" + file), "\(file)")
        }
        #expect(page.elements.isDisjoint(with: ["script", "link", "img", "iframe", "object"]))
        #expect(!html.contains("url(") && !html.contains("@import") && !html.contains("src="))
    }

    @Test("the held-out loss of evaluations is drawn at the steps after which it was measured, where it was measured")
    func heldOutLoss() throws {
        func page(_ loss: Double?) throws -> String {
            let run = SyntheticRun(algorithm: "sft", halfway: 200, heldOutLoss: loss)
            return try Workspace(["a": run]).report().html(linkedFrom: "/")
        }
        let html = try page(0.75)
        #expect(html.contains("<b>held-out loss, nats a token</b><br/>0.75 throughout"))
        let chart = try #require(html.components(separatedBy: "<title>held-out loss").last)
        // Steps 0, 10 and 20 of 20 on a width of 190.
        #expect(chart.contains("class=\"thin\" d=\"M0 28l95 0l95 0\""))
        #expect(try !page(nil).contains("held-out loss"))
    }

    @Test("the picture is XML that loads nothing, has both panels and names every series once")
    func picture() throws {
        let report = try Self.study.get()
        let svg = try #require(report.picture())
        let picture = PageReader()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = picture
        #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "") line \(parser.lineNumber)")
        #expect(picture.elements == ["svg", "title", "desc", "style", "rect", "g", "path", "text"])
        for name in picture.labels { #expect(picture.identifiers.contains(name), "\(name)") }
        #expect(picture.links.isEmpty && !svg.contains("url(") && !svg.contains("@import"))
        for text in ["This report: abacus, abacus/test", "Published: Qwen2.5-7B-Instruct, GSM8K"] {
            #expect(svg.contains(">\(text)</text>"), "\(text)")
        }
        for name in ["TinyLoRA, GRPO", "LoRA-XS, SFT (published)", "TinyLoRA, CMA-ES"] {
            #expect(svg.components(separatedBy: ">\(name)</text>").count == 2, "\(name)")
        }
        #expect(svg.contains(">untrained 32.0</text>") && svg.contains(">untrained 75.6</text>"))
        #expect(try Workspace(["a": SyntheticRun(right: nil, validation: 90)]).report().picture() == nil)
    }

    @Test("every chart has a title and a description")
    func accessible() throws {
        let html = try Self.study.get().html(linkedFrom: "/")
        let charts = html.components(separatedBy: "<svg ").dropFirst()
        #expect(charts.count > 100)
        for chart in charts where !chart.hasPrefix("viewBox=\"0 0 14 14\"") {
            #expect(chart.contains("role=\"img\"") && chart.contains("<title"))
        }
    }

    @Test("the same runs give the same bytes wherever they lie")
    func deterministic() throws {
        let first = try Workspace(SyntheticSweep.study()), second = try Workspace(SyntheticSweep.study())
        let pages = try [first, first, second].map { workspace in
            try workspace.report().html(linkedFrom: workspace.folder.path)
        }
        #expect(pages[0] == pages[1])
        #expect(pages[0] == pages[2])
        #expect(!pages[0].contains(first.folder.path))
        #expect(try first.report().terminalText() == second.report().terminalText())
    }

    @Test("a page for a hundred runs takes at most 300 KB, and two hundred runs at most a few seconds")
    func size() throws {
        let workspace = try Workspace()
        for index in 0..<200 {
            var run = SyntheticRun(parameters: 1 + index / 4, seed: 1 + index % 4, right: 150 + index, steps: 80)
            run.validation = 100
            try run.write(to: workspace.folder.appendingPathComponent("run-\(index)"))
        }
        let start = ContinuousClock.now
        let html = try workspace.report().html(linkedFrom: workspace.folder.path)
        #expect(ContinuousClock.now - start < .seconds(10))  // one or two on an idle machine
        #expect(html.utf8.count < 600_000)
    }

    @Test(
        "text from runs cannot become markup",
        arguments: ["<script>alert(1)</script>", "a & b \"c\" 'd'", "\u{1}\u{FFFE}]]>"])
    func escaping(text: String) throws {
        let workspace = try Workspace()
        var run = SyntheticRun()
        run.hasAnswers = true
        var files = run.files
        let json = String(decoding: try JSONEncoder().encode(text), as: UTF8.self).dropFirst().dropLast()
        files["manifest.json"] = files["manifest.json"]?.replacing("\"abacus\"", with: "\"\(json)\"")
        files["evaluations.jsonl"] = files["evaluations.jsonl"]?.replacing("abacus/test", with: json)
        files["evaluation-samples.jsonl"] = files["evaluation-samples.jsonl"]?.replacing("A train", with: json)
        for (name, content) in files { try workspace.write(content, to: "run/\(name)") }
        try workspace.write("{\"error\": \"\(json)\"}", to: "failed/failure.json")
        let html = try workspace.report().html(linkedFrom: workspace.folder.path)
        #expect(!html.contains("<script"))
        #expect(XMLParser(data: Data(html.utf8)).parse())
    }

    @Test("names of directories are links that lead to them", arguments: ["a b", "50%", "x#y?z", "ü", "a:b"])
    func directories(name: String) throws {
        let workspace = try Workspace([name: SyntheticRun()])
        let html = try workspace.report().html(linkedFrom: workspace.folder.path)
        let page = PageReader(), parser = XMLParser(data: Data(html.utf8))
        parser.delegate = page
        #expect(parser.parse())
        let link = try #require(page.links.first { $0.hasSuffix("configuration.json") })
        let url = try #require(URL(string: link, relativeTo: workspace.folder.appendingPathComponent("report.html")))
        #expect(FileManager.default.fileExists(atPath: url.path), "\(link)")
    }

    @Test("the terminal's columns are aligned")
    func terminal() throws {
        let text = try Self.study.get().terminalText()
        let lines = text.split(separator: "\n").map(String.init)
        let header = try #require(lines.first { $0.hasPrefix("method") })
        let column = header.distance(
            from: header.startIndex, to: try #require(header.range(of: "accuracy %")).lowerBound)
        for line in lines where line.hasPrefix("TinyLoRA ") || line.hasPrefix("untrained") {
            #expect(Array(line)[column - 1] == " " && Array(line)[column].isNumber, "\(line)")
        }
        #expect(text.contains("▁") && text.contains("█"))
    }
}

/// Collects what a page is made of.
private final class PageReader: NSObject, XMLParserDelegate {
    var identifiers: [String] = []
    var links: [String] = []
    var labels: [String] = []
    var elements: Set<String> = []

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        elements.insert(name)
        if let id = attributes["id"] { identifiers.append(id) }
        if let link = attributes["href"] { links.append(link) }
        labels += (attributes["aria-labelledby"] ?? "").split(separator: " ").map(String.init)
    }
}
