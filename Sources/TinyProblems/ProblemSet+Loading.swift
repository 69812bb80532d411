import Foundation
public import TinyFoundation

extension ProblemSet {
    /// Reads a JSON Lines file: one object a line, UTF-8.
    ///
    /// Lines end at `\n` only, so U+2028 may stand inside a string; a `\r` before it, a byte order mark and blank lines at
    /// the end of the file are ignored. When any answer holds `####`, the file is in GSM8K's format: the whole text is the
    /// solution, and what follows the last `####` is the answer, thousands commas removed. A row without an answer has that of
    /// its solution's last `\boxed{}`, as in MATH's own files.
    ///
    /// ```swift
    /// // {"question": "Half of 2,160?", "answer": "2160 / 2 = 1080\n#### 1,080"}
    /// let set = try ProblemSet(contentsOf: "train.jsonl")
    /// set.problems[0].answer          // "1080"
    /// ```
    ///
    /// The whole file is held in memory while it is read; the time is linear in its size.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - fields: Which keys hold the parts.
    /// - Throws: ``ProblemError`` naming the file and the 1-based line of the first row that cannot be used.
    public init(contentsOf path: String, fields: ProblemFields = .automatic) throws(ProblemError) {
        let data: Data
        do throws(FileError) {
            data = try contents(ofFile: path)
        } catch {
            throw ProblemError(.unreadableFile, error)
        }
        try self.init(bytes: Array(data), path: path, fields: fields)
    }

    /// Reads rows from memory; errors name `path`.
    package init(bytes: [UInt8], path: String, fields: ProblemFields = .automatic) throws(ProblemError) {
        let rows = try readRows(bytes, path: path, fields: fields)
        guard !rows.isEmpty else { throw ProblemError(.emptyFile, "\(path) holds no problems: the file is empty") }

        var problems = rows.map(\.problem)
        if problems.contains(where: { hasAnswerMarker($0.answer) }) {
            for (index, row) in rows.enumerated() {
                try problems[index].splitSolution(place: "\(path):\(row.line)")
            }
        }
        self.init(name: setName(of: path), problems: problems, path: path)
    }

    /// The rows of a file's bytes as they are, one for each problem, without the ends of lines.
    package static func rows(in file: [UInt8]) -> [ArraySlice<UInt8>] {
        lines(of: file).filter { !$0.allSatisfy(isBlank) }
    }

    /// Hash of ids, questions and answers, and of the units and tolerances of problems that have them, hexadecimal:
    /// evaluations with the same hash asked the same problems and count the same answers as right.
    package var contentHash: String {
        var hash = SHA256()
        for problem in problems {
            hash.update(Array("\(problem.id)\u{0}\(problem.question)\u{0}\(problem.answer)\u{0}".utf8))
            let parts = [("unit", problem.unit), ("tolerance", problem.tolerance.map { "\($0)" })]
            for case (let name, let value?) in parts { hash.update(Array("\u{1}\(name)\u{1}\(value)\u{0}".utf8)) }
        }
        return hash.finish().hexadecimal
    }
}

extension Problem {
    /// Takes an answer of GSM8K's format apart: the text is the solution, what follows the last `####` is the answer.
    fileprivate mutating func splitSolution(place: String) throws(ProblemError) {
        guard let final = textAfterLastMarker(answer) else {
            throw ProblemError(
                .missingMarker, "\(place): the answer has no ####, but other answers of the file have",
                hint: "in GSM8K's format every answer ends with a line such as #### 42")
        }
        let trimmed = final.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !trimmed.isEmpty else {
            throw ProblemError(.emptyField, "\(place): nothing follows the #### of the answer")
        }
        solution = solution ?? answer
        answer = ExactNumber(trimmed) == nil ? trimmed : trimmed.filter { $0 != "," }
    }
}

/// The problems of a file, each with its line, their answers not yet taken apart.
private func readRows(
    _ file: [UInt8], path: String, fields: ProblemFields
) throws(ProblemError) -> [(line: Int, problem: Problem)] {
    var rows: [(line: Int, problem: Problem)] = []
    var keys: Set<String> = []
    var firstBlank: Int?
    for (index, bytes) in lines(of: file).enumerated() {
        let line = index + 1
        if bytes.allSatisfy(isBlank) {
            firstBlank = firstBlank ?? line
            continue
        }
        if let blank = firstBlank {
            throw ProblemError(
                .malformedLine, "\(path):\(blank): the line is empty, but rows follow it",
                hint: "every line holds one JSON object")
        }
        let values = try fieldValues(of: bytes, place: "\(path):\(line)")
        keys.formUnion(values.keys)
        let row = FieldReader(values: values, place: "\(path):\(line)")
        rows.append((line, try row.problem(fields, id: String(line))))
    }
    if !rows.isEmpty, let missing = fields.missingPart(among: keys) {
        throw ProblemError(
            .missingField, "no row of \(path) has \"\(missing.key)\"" + purpose(of: [missing.key], missing.part),
            hint: nearestName(to: missing.key, in: keys.sorted()).map { "did you mean \"\($0)\"?" })
    }
    return rows
}

/// What a row is asked for some keys for, unless a key says it.
private func purpose(of keys: [String], _ part: String) -> String { keys.contains(part) ? "" : " for its \(part)" }

/// What stands between ends of lines, without a byte order mark.
private func lines(of file: [UInt8]) -> [ArraySlice<UInt8>] {
    let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    return file.dropFirst(file.starts(with: byteOrderMark) ? byteOrderMark.count : 0)
        .split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
}

private func fieldValues(of line: ArraySlice<UInt8>, place: String) throws(ProblemError) -> [String: FieldValue] {
    do throws(FileError) {
        let row = try JSONDocument(Array(line), name: place, isLine: true).root
        guard row.isObject else {
            throw row.wrongKind("an object")
        }
        var values: [String: FieldValue] = [:]
        for (name, value) in try row.members() { values[try name.string()] = try FieldValue(value) }
        return values
    } catch {
        throw ProblemError(
            .malformedLine, error.message,
            hint: error.hint ?? "every line holds one JSON object, such as {\"question\": \"…\", \"answer\": \"…\"}",
            underlying: error)
    }
}

/// Reads the fields of one row, with an error for each that is missing or of the wrong type.
private struct FieldReader {
    let values: [String: FieldValue]
    let place: String

    /// The problem of the row, under `id` where the row has none of its own.
    func problem(_ fields: ProblemFields, id: String) throws(ProblemError) -> Problem {
        let question = try required("question", among: fields.question, as: \.string, expected: "a string")
        let solution = try optional("solution", among: fields.solution, as: \.text)
        let boxed = fields.answer.contains { values[$0] != nil } ? nil : solution.flatMap(boxedAnswer)
        let answer =
            if let boxed { boxed } else {
                try required("answer", among: fields.answer, as: \.answer, expected: "a string or a number")
            }
        return Problem(
            id: try optional("id", among: fields.id, as: \.scalar) ?? id,
            question: question, answer: answer, solution: solution,
            subject: label(among: fields.subject), level: label(among: fields.level),
            unit: try optional("unit", among: fields.unit, as: \.string),
            tolerance: try tolerance(among: fields.tolerance))
    }

    private func required(
        _ part: String, among keys: [String], as read: (FieldValue) -> String?, expected: String
    ) throws(ProblemError) -> String {
        guard let key = keys.first(where: { values[$0] != nil }), let value = values[key] else {
            let wanted = keys.map { "\"\($0)\"" }.joined(separator: " or ")
            let found = values.isEmpty ? "none" : values.keys.sorted().prefix(20).joined(separator: ", ")
            throw ProblemError(
                .missingField, "\(place): the row has no \(wanted)\(purpose(of: keys, part)); its keys are: \(found)",
                hint: hint(for: part, among: keys))
        }
        guard let text = read(value) else {
            throw ProblemError(.wrongType, "\(place): \"\(key)\" is \(value.typeName), expected \(expected)")
        }
        guard !text.allSatisfy(\.isWhitespace) else {
            throw ProblemError(.emptyField, "\(place): \"\(key)\" is empty")
        }
        return text
    }

    /// The nearest key of the row; where there is none and the keys are the usual ones, how to name others.
    private func hint(for part: String, among keys: [String]) -> String? {
        if let near = keys.first.flatMap({ nearestName(to: $0, in: values.keys.sorted()) }) {
            return "did you mean \"\(near)\"?"
        }
        let usual = ProblemFields.automatic
        guard [usual.question, usual.answer].contains(keys) else { return nil }
        return "rename the key to \"\(part)\"; eval and filter can also read another, with --fields \(part)=KEY"
    }

    private func optional(
        _ part: String, among keys: [String], as read: (FieldValue) -> String?
    ) throws(ProblemError) -> String? {
        guard let key = keys.first(where: { values[$0] != nil }), let value = values[key], value != .null else {
            return nil
        }
        guard let text = read(value) else {
            throw ProblemError(
                .wrongType, "\(place): \"\(key)\" is \(value.typeName), which cannot be the row's \(part)")
        }
        return text
    }

    /// A label for tables; a value that is no string or number counts as none.
    private func label(among keys: [String]) -> String? {
        keys.lazy.compactMap { values[$0]?.scalar }.first { !$0.isEmpty }
    }

    /// The tolerance of a right number.
    private func tolerance(among keys: [String]) throws(ProblemError) -> Double? {
        guard let text = try optional("tolerance", among: keys, as: \.scalar), !text.isEmpty else { return nil }
        guard let tolerance = Double(text), tolerance >= 0, tolerance.isFinite else {
            throw ProblemError(.wrongType, "\(place): the tolerance \"\(text)\" is not a number from 0")
        }
        return tolerance
    }
}

/// What the last box of a solution holds.
private func boxedAnswer(_ solution: String) -> String? {
    let text = AnswerBox.lastAnswer(in: Array(solution.utf8))?.text
    return text.flatMap { $0.allSatisfy(\.isWhitespace) ? nil : $0 }
}

private func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
}

/// `gsm8k/test` for `data/gsm8k/test.jsonl`.
private func setName(of path: String) -> String {
    let url = URL(fileURLWithPath: path).deletingPathExtension()
    let folder = url.deletingLastPathComponent().lastPathComponent
    return folder.isEmpty || folder == "/" ? url.lastPathComponent : "\(folder)/\(url.lastPathComponent)"
}
