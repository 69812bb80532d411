import Foundation
import TinyTensor

/// The notes of an adapter file: what they are called, how they are written, how they are read and checked.
extension AdapterFile {
    /// Names of the notes. Files in the world depend on them.
    enum Note {
        static let format = "format"
        static let formatVersion = "format_version"
        static let method = "method"
        static let baseModelName = "base_model_name"
        static let baseModelFingerprint = "base_model_fingerprint"
        static let plan = "plan"
        static let parameters = "parameters"
        static let rank = "rank"
        static let u = "u"
        static let tying = "tying"
        static let projectionSeed = "projection_seed"
        static let projectionScheme = "projection_scheme"
        static let factorScheme = "factor_scheme"
        static let elementType = "element_type"
        static let toolVersion = "tool_version"
        static let detail = "detail."
    }

    /// Notes that say what the file is and must read exactly so.
    private static let identity = [
        Note.format: "tinylora-adapter", Note.formatVersion: "1", Note.method: "tinylora",
        Note.projectionScheme: Projection.scheme, Note.factorScheme: Factorisation.scheme,
    ]

    /// Everything but the numbers.
    func metadata() throws -> [String: String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var notes = Self.identity.merging(Self.summary(of: plan)) { first, _ in first }
        notes[Note.baseModelName] = baseModel.name
        notes[Note.baseModelFingerprint] = baseModel.fingerprint
        notes[Note.plan] = String(decoding: try encoder.encode(plan), as: UTF8.self)
        notes[Note.projectionSeed] = "\(seed)"
        notes[Note.elementType] = elementType.rawValue
        notes[Note.toolVersion] = toolVersion
        for (key, value) in details { notes[Note.detail + key] = value }
        return notes
    }

    /// The plan's main numbers once more, for readers that do not take JSON apart.
    private static func summary(of plan: AdapterPlan) -> [String: String] {
        [
            Note.parameters: "\(plan.parameterCount)", Note.rank: "\(plan.rank)", Note.u: "\(plan.u)",
            Note.tying: "\(plan.tying)",
        ]
    }

    /// Reads everything but the numbers.
    ///
    /// - Parameters:
    ///   - notes: The file's metadata.
    ///   - type: How the file stores the numbers.
    ///   - values: The numbers.
    ///   - path: Named in errors.
    init(notes: [String: String], type: ElementType, values: [Float], path: String) throws(AdapterError) {
        func note(_ key: String) throws(AdapterError) -> String {
            guard let value = notes[key] else { throw AdapterError(.malformedFile, "\(path) has no note \(key)") }
            return value
        }
        try Self.checkIdentity(notes, path: path)
        let plan = try Self.plan(note(Note.plan), path: path)
        let expected = Self.summary(of: plan).merging([Note.elementType: type.rawValue]) { first, _ in first }
        for (key, value) in expected.sorted(by: { $0.key < $1.key }) where try note(key) != value {
            throw AdapterError(.malformedFile, "\(path) contradicts itself: \(key) is \(try note(key)) and \(value)")
        }
        let seedText = try note(Note.projectionSeed)
        guard let seed = UInt64(seedText) else {
            throw AdapterError(.malformedFile, "\(Note.projectionSeed) is \(seedText) in \(path), which is no seed")
        }
        let details = notes.filter { $0.key.hasPrefix(Note.detail) }
            .map { (String($0.key.dropFirst(Note.detail.count)), $0.value) }
        do throws(AdapterError) {
            try self.init(
                plan: plan, seed: seed,
                baseModel: BaseModel(name: note(Note.baseModelName), fingerprint: note(Note.baseModelFingerprint)),
                values: values, elementType: type, toolVersion: note(Note.toolVersion),
                details: Dictionary(details) { first, _ in first })
        } catch  where error.code == .invalidValues {
            throw AdapterError(.malformedFile, "\(path) is damaged: \(error.message)")
        }
    }

    private static func checkIdentity(_ notes: [String: String], path: String) throws(AdapterError) {
        guard notes[Note.format] == identity[Note.format] else {
            throw AdapterError(
                .malformedFile, "\(path) is not a TinyLoRA adapter: its format is \(notes[Note.format] ?? "not given")")
        }
        for (key, known) in identity.sorted(by: { $0.key < $1.key }) where notes[key] != known {
            throw AdapterError(
                .unsupportedVersion, "\(key) is \(notes[key] ?? "not given") in \(path), this program knows \(known)",
                hint: "use the version that made it: \(notes[Note.toolVersion] ?? "not given")")
        }
    }

    private static func plan(_ text: String, path: String) throws(AdapterError) -> AdapterPlan {
        do {
            return try JSONDecoder().decode(AdapterPlan.self, from: Data(text.utf8))
        } catch {
            throw AdapterError(
                .malformedFile, "the plan in \(path) cannot be read: \(reason(error))", underlying: error)
        }
    }

    /// What a decoder says, in a sentence.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "there is no \(key.stringValue)"
        case DecodingError.dataCorrupted(let context), DecodingError.typeMismatch(_, let context),
            DecodingError.valueNotFound(_, let context):
            context.debugDescription
        default: "\(error)"
        }
    }
}
