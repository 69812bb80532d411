// Values that are written to disk and read again: configurations, manifests, and a line for each step, sample and
// evaluation.
//
// This target does not know: models, tokens, samplers, rewards, optimisers, and which files a run has. It converts records to
// JSON and back, and reads and writes files of records.

import Foundation
public import TinyFoundation

/// A value that is one JSON object: keys in alphabetical order, numbers such that reading gives back the same bits.
public protocol Record: Codable, Sendable, Equatable {}

extension Record {
    /// The record as one line of JSON, without the line's end. Keys are sorted, so equal records give equal text.
    ///
    /// - Throws: ``RecordsError`` with code `notFinite` when a number is infinite or not a number.
    public func jsonLine() throws(RecordsError) -> String {
        try encoded(self, formatting: [.sortedKeys, .withoutEscapingSlashes])
    }

    /// The record as indented JSON for people, ending in a line break.
    ///
    /// - Throws: ``RecordsError`` with code `notFinite` when a number is infinite or not a number.
    public func jsonDocument() throws(RecordsError) -> String {
        try encoded(self, formatting: [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]) + "\n"
    }

    /// Reads a record from JSON text.
    ///
    /// - Throws: ``RecordsError`` naming the key that is missing, unknown or of the wrong kind.
    public init(json: String) throws(RecordsError) {
        self = try decoded(json, with: JSONDecoder())
    }
}

/// Reads a record, with every way this can fail as one kind of error.
func decoded<Content: Record>(_ json: String, with decoder: JSONDecoder) throws(RecordsError) -> Content {
    do {
        return try decoder.decode(
            Content.self, from: json.utf8, named: "the text", isLine: !json.dropLast().contains("\n"))
    } catch let error as RecordsError {
        throw error
    } catch let error as FileError {
        throw RecordsError(.malformed, error)
    } catch let error as DecodingError {
        throw RecordsError(error)
    } catch {
        throw RecordsError(.malformed, "the text is not valid JSON", underlying: error)
    }
}

private func encoded(_ record: some Record, formatting: JSONEncoder.OutputFormatting) throws(RecordsError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = formatting
    do {
        return String(decoding: try encoder.encode(record), as: UTF8.self)
    } catch EncodingError.invalidValue(let value, let context) {
        throw RecordsError(.notFinite, "\(dotted(context.codingPath)) is \(value), which JSON cannot hold")
    } catch {
        throw RecordsError(.malformed, "the record cannot be written as JSON", underlying: error)
    }
}

/// `a.b.3` for a path of keys; `the record` for the empty path.
func dotted(_ path: [any CodingKey]) -> String {
    path.isEmpty ? "the record" : path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
}
