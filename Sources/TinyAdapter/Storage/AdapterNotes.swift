import Foundation
import TinyCheckpoint
public import TinyModel
public import TinyFoundation

/// The notes of an adapter file: what they are called and how a design reads its own.
///
/// Existing files use these names: never change one.
public struct AdapterNotes: Sendable {
    static let format = "format"
    static let formatVersion = "format_version"
    static let method = "method"
    static let baseModelName = "base_model_name"
    static let baseModelFingerprint = "base_model_fingerprint"
    static let parameters = "parameters"
    static let elementType = "element_type"
    static let arithmetic = "arithmetic"
    static let toolVersion = "tool_version"
    static let detail = "detail."
    static let plan = "plan"
    static let modules = "modules"
    static let configuration = "configuration"
    static let rank = "rank"
    static let u = "u"
    static let tying = "tying"
    static let alpha = "lora_alpha"
    static let projectionSeed = "projection_seed"
    static let projectionScheme = "projection_scheme"
    static let factorScheme = "factor_scheme"

    /// The notes as the file has them.
    public let values: [String: String]
    /// The file, named in errors.
    public let path: String

    /// The file's tensors.
    private let file: SafetensorsFile

    /// Notes of a file.
    init(_ file: SafetensorsFile) {
        self.file = file
        values = file.metadata
        path = file.path
    }

    /// A tensor that must be there.
    ///
    /// - Throws: ``AdapterError`` with code `malformedFile` when it is missing or has another shape.
    func tensor(_ expected: ParameterShape) throws(AdapterError) -> CheckpointTensor {
        let tensor: CheckpointTensor
        do throws(CheckpointError) {
            tensor = try file.tensor(expected.name)
        } catch {
            guard error.code == .missingTensor else { throw AdapterError(.malformedFile, error) }
            throw AdapterError(
                .malformedFile, "\(path) is not a TinyLoRA adapter: it has no tensor \(expected.name)",
                underlying: error)
        }
        guard tensor.shape == expected.shape else {
            throw AdapterError(
                .malformedFile,
                "\(expected.name) is \(tensor.shape) in \(path), its plan expects \(expected.shape)")
        }
        return tensor
    }

    /// A note that must be there.
    ///
    /// - Throws: ``AdapterError`` with code `malformedFile`.
    public func text(_ key: String) throws(AdapterError) -> String {
        guard let value = values[key] else { throw AdapterError(.malformedFile, "\(path) has no note \(key)") }
        return value
    }

    /// A note that must be one of those known.
    ///
    /// - Throws: ``AdapterError`` with code `unsupportedVersion`, hinting at the version that wrote the file.
    public func require(_ key: String, among known: [String]) throws(AdapterError) {
        guard let value = values[key], known.contains(value) else {
            throw AdapterError(
                .unsupportedVersion,
                "\(key) is \(values[key] ?? "not given") in \(path), this program knows "
                    + known.joined(separator: ", "),
                hint: "use the version that made it: \(values[Self.toolVersion] ?? "not given")")
        }
    }

    /// Checks notes that repeat other contents of the file.
    ///
    /// - Throws: ``AdapterError`` with code `malformedFile`.
    public func requireAgreement(_ expected: [String: String]) throws(AdapterError) {
        for (key, value) in expected.sorted(by: { $0.key < $1.key }) where try text(key) != value {
            throw AdapterError(.malformedFile, "\(path) contradicts itself: \(key) is \(try text(key)) and \(value)")
        }
    }

    /// A note that is a whole number.
    public func integer(_ key: String) throws(AdapterError) -> Int {
        guard let value = Int(try text(key)) else { throw unreadable(key, "whole number") }
        return value
    }

    /// A note that is a number.
    public func number(_ key: String) throws(AdapterError) -> Double {
        guard let value = Double(try text(key)) else { throw unreadable(key, "number") }
        return value
    }

    /// The arithmetic of the training; `nil` in a file from before there were two.
    public func arithmetic() throws(AdapterError) -> Arithmetic? {
        guard let text = values[Self.arithmetic] else { return nil }
        guard let value = Arithmetic(rawValue: text) else {
            let names = Arithmetic.allCases.map(\.rawValue).joined(separator: ", ")
            throw AdapterError(
                .malformedFile, "\(Self.arithmetic) is \(text) in \(path), expected one of \(names)")
        }
        return value
    }

    /// The seed of what is drawn at random and frozen.
    public func seed() throws(AdapterError) -> UInt64 {
        guard let value = UInt64(try text(Self.projectionSeed)) else { throw unreadable(Self.projectionSeed, "seed") }
        return value
    }

    /// The subspace whose factor scheme is noted.
    public func subspace() throws(AdapterError) -> FrozenSubspace {
        try require(Self.factorScheme, among: FrozenSubspace.allCases.map(\.scheme))
        return FrozenSubspace.allCases.first { $0.scheme == values[Self.factorScheme] } ?? .top
    }

    /// The changed modules.
    public func modules() throws(AdapterError) -> [AdaptedModule] {
        try json(Self.modules, as: ModuleList.self).modules
    }

    /// A note that is JSON.
    public func json<Value: Decodable>(_ key: String, as type: Value.Type) throws(AdapterError) -> Value {
        let text = try text(key)
        do {
            return try JSONDecoder().decode(type, from: text.utf8, named: "the note")
        } catch {
            throw AdapterError(
                .malformedFile, "the \(key) in \(path) cannot be read: \(reason(error))", underlying: error)
        }
    }

    /// A value as the text of a note: JSON with sorted keys.
    static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// Makes a design of what was read; what cannot be one is the file's fault.
    func checked<Design>(_ make: () throws(AdapterError) -> Design) throws(AdapterError) -> Design {
        do throws(AdapterError) {
            return try make()
        } catch {
            throw AdapterError(.malformedFile, "\(path) is damaged: \(error.message)", underlying: error)
        }
    }

    private func unreadable(_ key: String, _ kind: String) -> AdapterError {
        AdapterError(.malformedFile, "\(key) is \(values[key] ?? "not given") in \(path), which is no \(kind)")
    }
}

/// What a decoder says, in a sentence.
private func reason(_ error: any Error) -> String {
    switch error {
    case let error as any ExplainedError: error.message
    case DecodingError.keyNotFound(let key, _): "there is no \(key.stringValue)"
    case DecodingError.dataCorrupted(let context), DecodingError.typeMismatch(_, let context),
        DecodingError.valueNotFound(_, let context):
        context.debugDescription
    default: "\(error)"
    }
}
