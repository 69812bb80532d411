import Foundation
public import TinyFoundation

extension ProblemSet {
    /// Reads a JSON Lines file: one object a line, UTF-8; or a JSON array of such objects.
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
    /// - Throws: ``ProblemError`` naming the file and the 1-based line, or element of an array, of the first row that cannot be
    ///   used.
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
                try problems[index].splitSolution(place: row.place)
            }
        }
        self.init(name: setName(of: path), problems: problems, path: path)
    }

    /// The rows of a file's bytes as they are, one for each problem, without the ends of lines.
    package static func rows(in file: [UInt8]) -> [ArraySlice<UInt8>] {
        guard isArray(file) else { return lines(of: file).filter { !$0.allSatisfy(isBlank) } }
        let text = withoutByteOrderMark(file)
        let elements = try? JSONDocument(text, name: "the file").root.elements()
        // No string has an end of line in it as it is.
        return (elements ?? []).map { element in
            text[element.textRange].map {
                $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") ? UInt8(ascii: " ") : $0
            }[...]
        }
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
        answer = ExactNumber(trimmed) == nil ? trimmed : trimmed.filter { !",{}\\!".contains($0) }
    }
}

/// The problems of a file, each with its place in it, their answers not yet taken apart.
private func readRows(
    _ file: [UInt8], path: String, fields: ProblemFields
) throws(ProblemError) -> [(place: String, problem: Problem)] {
    if let format = ForeignFormat(of: file, path: path) {
        throw ProblemError(
            .foreignFormat, "\(path) is \(format.name); problems are read from JSON Lines, one object a line",
            hint: format.hint)
    }
    var rows: [(place: String, problem: Problem)] = []
    var keys: Set<String> = []
    func add(
        _ values: [String: FieldValue], _ text: ArraySlice<UInt8>, number: Int, place: String
    ) throws(ProblemError) {
        keys.formUnion(values.keys)
        let row = FieldReader(values: values, place: place)
        var problem = try row.problem(fields, id: String(number))
        problem.row = inOneLine(text)
        rows.append((place, problem))
    }
    if isArray(file) {
        let text = withoutByteOrderMark(file)
        for (index, element) in try elements(of: file, path: path).enumerated() {
            let place = "\(path), element \(index + 1)"
            try add(
                fieldValues(of: element, place: place), text[element.textRange], number: index + 1, place: place)
        }
    } else {
        var firstBlank: Int?
        for (index, bytes) in lines(of: file).enumerated() {
            let line = index + 1, place = "\(path):\(line)"
            if bytes.allSatisfy(isBlank) {
                firstBlank = firstBlank ?? line
                continue
            }
            if let blank = firstBlank {
                throw ProblemError(
                    .malformedLine, "\(path):\(blank): the line is empty, but rows follow it",
                    hint: "every line holds one JSON object")
            }
            try add(fieldValues(of: bytes, place: place), bytes, number: line, place: place)
        }
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

/// A JSON object without the ends of lines between its parts; inside strings they are escaped.
private func inOneLine(_ text: ArraySlice<UInt8>) -> String {
    let ends = [UInt8(ascii: "\n"), UInt8(ascii: "\r")]
    return String(decoding: text.map { ends.contains($0) ? UInt8(ascii: " ") : $0 }, as: UTF8.self)
        .trimmingCharacters(in: .whitespaces)
}

/// A file without its byte order mark.
private func withoutByteOrderMark(_ file: [UInt8]) -> [UInt8] {
    let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    return file.starts(with: byteOrderMark) ? Array(file.dropFirst(byteOrderMark.count)) : file
}

/// What stands between ends of lines, without a byte order mark.
private func lines(of file: [UInt8]) -> [ArraySlice<UInt8>] {
    withoutByteOrderMark(file).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
}

/// Whether a file is a JSON array and no JSON Lines.
private func isArray(_ file: [UInt8]) -> Bool {
    withoutByteOrderMark(file).first { !isSpace($0) } == UInt8(ascii: "[")
}

private func elements(of file: [UInt8], path: String) throws(ProblemError) -> [JSONNode] {
    do throws(FileError) {
        return try JSONDocument(withoutByteOrderMark(file), name: path).root.elements()
    } catch {
        throw ProblemError(
            .malformedLine, error.message, hint: error.hint ?? "the file starts as a JSON array of objects",
            underlying: error)
    }
}

private func fieldValues(of row: JSONNode, place: String) throws(ProblemError) -> [String: FieldValue] {
    do throws(FileError) {
        guard row.isObject else { throw FileError(.malformedFile, "\(place) is \(row.brief), expected an object") }
        var values: [String: FieldValue] = [:]
        for (name, value) in try row.members() { values[try name.string()] = try FieldValue(value) }
        return values
    } catch {
        throw ProblemError(.malformedLine, error.message, hint: rowHint, underlying: error)
    }
}

private let rowHint = "a row is one JSON object, such as {\"question\": \"…\", \"answer\": \"…\"}"

private func fieldValues(of line: ArraySlice<UInt8>, place: String) throws(ProblemError) -> [String: FieldValue] {
    let row: JSONNode
    do throws(FileError) {
        row = try JSONDocument(Array(line), name: place, isLine: true).root
    } catch {
        throw ProblemError(
            .malformedLine, error.message,
            hint: error.hint ?? "every line holds one JSON object, such as {\"question\": \"…\", \"answer\": \"…\"}",
            underlying: error)
    }
    return try fieldValues(of: row, place: place)
}

/// Reads the fields of one row, with an error for each that is missing or of the wrong type.
private struct FieldReader {
    let values: [String: FieldValue]
    let place: String

    /// The problem of the row, under `id` where the row has none of its own.
    func problem(_ fields: ProblemFields, id: String) throws(ProblemError) -> Problem {
        let question = try required("question", fields, as: \.string, expected: "a string")
        let solution = try optional("solution", among: fields.solution, as: \.text)
        let boxed = fields.answer.contains { values[$0] != nil } ? nil : solution.flatMap(boxedAnswer)
        let answer =
            if let boxed { boxed } else {
                try required("answer", fields, as: \.answer, expected: "a string or a number")
            }
        return Problem(
            id: try optional("id", among: fields.id, as: \.scalar) ?? id,
            question: question, answer: answer, solution: solution,
            subject: label(among: fields.subject), level: label(among: fields.level),
            unit: try optional("unit", among: fields.unit, as: \.string),
            tolerance: try tolerance(among: fields.tolerance))
    }

    private func required(
        _ part: String, _ fields: ProblemFields, as read: (FieldValue) -> String?, expected: String
    ) throws(ProblemError) -> String {
        let keys = fields.keys(of: part)
        guard let key = keys.first(where: { values[$0] != nil }), let value = values[key] else {
            let wanted = keys.map { "\"\($0)\"" }.joined(separator: " or ")
            let found = values.isEmpty ? "none" : values.keys.sorted().prefix(20).joined(separator: ", ")
            throw ProblemError(
                .missingField,
                "\(place): the row has no key \(wanted)\(purpose(of: keys, part)); its keys are: \(found)",
                hint: fields.hint(onMissing: part, among: values.keys.sorted()))
        }
        guard let text = read(value) else {
            throw ProblemError(.wrongType, "\(place): \"\(key)\" is \(value.typeName), expected \(expected)")
        }
        guard !text.allSatisfy(\.isWhitespace) else {
            throw ProblemError(.emptyField, "\(place): \"\(key)\" is empty")
        }
        return text
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
