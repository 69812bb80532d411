import ArgumentParser
import Foundation
import TinyLoRA

/// Compares many runs.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Compares all runs in some directories: tables, tests, charts, and the source of every number.",
        discussion: """
            Runs that differ only in the seed are one row; of several learning rates the best one on validation problems \
            is shown. The page is one self-contained file; the same runs give the same bytes. Failed and damaged runs are \
            listed with the reason.

            Rows are compared with the untrained model. --against compares them with one row, too: runs with the same seed and \
            the same problems are pairs. ROW is a row's method, algorithm and number of parameters, then what it differs in; a \
            wrong name lists all rows.

            EXAMPLES
              A page in runs/report.html and a table in the terminal:
                tinylora report runs
              Two studies in one page, with a table and a figure for a README:
                tinylora report runs/grpo runs/sft --output study.html --markdown study.md --figure study.svg
              Is any other row better than 13 numbers trained by GRPO?
                tinylora report runs --against "tinylora grpo 13"
              Every number as JSON:
                tinylora report runs --json
            """)

    @Argument(help: ArgumentHelp("Directories with runs, searched recursively.", valueName: "dir"), transform: path)
    var directories: [String]
    @Option(
        help: ArgumentHelp("HTML file (default: report.html in the first directory).", valueName: "file.html"),
        transform: path)
    var output: String?
    @Option(help: ArgumentHelp("Markdown file for the main table.", valueName: "file.md"), transform: path)
    var markdown: String?
    @Option(
        help: ArgumentHelp(
            "SVG file for the figure of accuracy against trained parameters.", valueName: "file.svg"), transform: path)
    var figure: String?
    @Option(
        help: ArgumentHelp("Row to compare all others with, by its name or that of one of its runs.", valueName: "row"))
    var against: String?
    @Flag(help: "Print the results as JSON instead of a table.")
    var json = false

    func run() async throws {
        let console = Console(json: json)
        let report = try Report(below: directories, against: against)
        let page = output ?? URL(fileURLWithPath: directories[0]).appendingPathComponent("report.html").relativePath
        let folder = URL(fileURLWithPath: page).deletingLastPathComponent().path
        try AtomicFile.write(Data(report.html(linkedFrom: folder).utf8), to: page)
        if let markdown { try AtomicFile.write(Data(report.markdown().utf8), to: markdown) }
        if let figure {
            guard let picture = report.picture() else { throw UsageError("no run has a result to draw a figure of") }
            try AtomicFile.write(Data(picture.utf8), to: figure)
        }
        console.say(report.terminalText())
        console.say("page       \(page)")
        if let markdown { console.say("table      \(markdown)") }
        if let figure { console.say("figure     \(figure)") }
        try console.result(report)
    }
}
