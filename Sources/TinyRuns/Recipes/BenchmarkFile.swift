import Foundation
public import TinyFoundation
public import TinyProblems
import TinyRecords

extension BenchmarkRegistry {
    /// Adds the problem sets that a file describes, in place of those with the same names.
    ///
    /// ```yaml
    /// school:                         # the set's name
    ///   file: school/test.jsonl       # seen from this file's folder
    ///   question: prompt              # keys of the rows, where they are not question or problem, answer, …
    ///   answer: target
    ///   subject: topic
    ///   prompt_style: boxed
    ///   stop: ["\nProblem:"]           # texts that end a completion, instead of those of the style
    ///   grader: math                  # auto, final-answer, math or command:…
    ///   relative_tolerance: 0.01      # for math; also absolute_tolerance and precision
    ///   rows: 120
    /// ```
    ///
    /// - Throws: ``RunError`` naming the line.
    public mutating func add(contentsOf path: String) throws(RunError) {
        try add(RecipeNode(contentsOf: path), folder: folder(of: path))
    }

    /// Adds the sets that a text describes, as if it were the file at `path`.
    public mutating func add(text: String, path: String) throws(RunError) {
        try add(RecipeNode(text: text, name: path), folder: folder(of: path))
    }

    private mutating func add(_ node: RecipeNode, folder: String) throws(RunError) {
        for entry in try node.entries(of: "a list of problem sets") {
            add(try Benchmark(entry, folder: folder))
        }
    }
}

extension Benchmark {
    fileprivate static let settingNames =
        ["file", "prompt_style", "stop", "grader", "relative_tolerance", "absolute_tolerance", "precision", "rows"]
        + ProblemFields.partNames

    fileprivate init(_ entry: RecipeNode.Entry, folder: String) throws(RunError) {
        var benchmark = Benchmark(name: entry.key, location: "")
        for setting in try entry.node.entries(of: entry.key) {
            try benchmark.set(setting.key, to: try setting.node.value(), at: setting.place, folder: folder)
        }
        guard !benchmark.location.isEmpty else {
            throw RunError(.missingKey, "\(entry.place): the problem set \(entry.key) has no file")
        }
        if let problem = benchmark.options.violations().first {
            throw RunError(.invalidValue, "\(entry.place): \(problem)")
        }
        self = benchmark
    }

    private mutating func set(
        _ key: String, to value: SettingValue, at place: String, folder: String
    ) throws(RunError) {
        func wrong(_ expected: String) -> RunError {
            RunError(.invalidValue, "\(place): \(key) is \(value.quoted), expected \(expected)")
        }
        func text() throws(RunError) -> String {
            guard case .text(let text) = value, !text.isEmpty else { throw wrong("a text") }
            return text
        }
        func number() throws(RunError) -> Double {
            guard let number = value.magnitude else { throw wrong("a number") }
            return number
        }
        switch key {
        case "file": location = absolutePath(try text(), in: folder)
        case "prompt_style":
            promptStyle = try text()
            do throws(ProblemError) {
                _ = try PromptStyle(named: promptStyle)
            } catch {
                throw RunError(.invalidValue, "\(place): \(error.message)", hint: error.hint, underlying: error)
            }
        case "stop":
            guard case .list(let values) = value else { throw wrong("a list of texts") }
            stopTexts = try values.map { text throws(RunError) in
                guard let text = string(text), !text.isEmpty else { throw wrong("a list of texts that are not empty") }
                return text
            }
        case "grader":
            do throws(ProblemError) {
                grader = try GraderChoice(string(value) ?? "")
            } catch {
                throw RunError(.invalidValue, "\(place): \(error.message)", hint: error.hint, underlying: error)
            }
        case "relative_tolerance": options.relativeTolerance = try number()
        case "absolute_tolerance": options.absoluteTolerance = try number()
        case "precision", "rows":
            guard case .integer(let count) = value, count >= 0 else { throw wrong("a whole number from 0") }
            if key == "rows" { publishedCount = count } else { options.decimalPlaces = count }
        default:
            guard ProblemFields.partNames.contains(key) else {
                throw RunError(
                    .unknownKey, "\(place): \(key) is not a setting of a problem set",
                    hint: nearestName(to: key, in: Self.settingNames).map { "did you mean \($0)?" })
            }
            do throws(ProblemError) {
                try fields.map(key, to: string(value) ?? "")
            } catch {
                throw RunError(.invalidValue, "\(place): \(error.message)", hint: error.hint, underlying: error)
            }
        }
    }
}

/// The text of a value, if it is one.
private func string(_ value: SettingValue) -> String? {
    if case .text(let text) = value { text } else { nil }
}
