import Foundation
public import TinyCheckpoint
public import TinyFoundation
import TinyModel

/// An adapter as one line of text, for a chat, a commit message or a QR code.
///
/// ```swift
/// let code = try AdapterCode(adapter)
/// code.text                                                   // tl1p…, 82 characters for 13 numbers in bf16
/// let read = try AdapterCode(text: code.text)                 // needs no model
/// let adapter = try read.adapter(for: checkpoint.configuration, of: model)
/// ```
///
/// It has everything that decides what the adapter computes: method, plan, seeds, versions of the random and numeric schemes,
/// arithmetic, the numbers as stored, and the first 64 bits of the base model's fingerprint. Shapes come from the model. The
/// model's name, the tool's version and other notes of the file are not in it. Each adapter has one text, which may be
/// written in capitals too.
public struct AdapterCode: Sendable {
    /// The text, in small letters.
    public let text: String
    /// The beginning of the base model's fingerprint: the kind of hash and 16 digits.
    public let baseModel: String
    /// The method, its sizes and settings. The shapes of its modules are not those of the model but the smallest that the
    /// rank allows, `[rank, rank]`.
    public let outline: any AdapterDesign
    /// The trained numbers.
    public let values: [Float]
    /// How the numbers are stored.
    public let elementType: ElementType
    /// The arithmetic of the training; `nil` where the adapter does not note it.
    public let notedArithmetic: Arithmetic?

    /// The arithmetic of the training: float32 where none is noted.
    public var arithmetic: Arithmetic { notedArithmetic ?? .float32 }

    /// Whether a text looks like a code: it begins with `tl1`, in small or capital letters, maybe after white space.
    public static func isCode(_ text: String) -> Bool {
        trimmed(text).prefix(Bech32.prefix.count).lowercased() == Bech32.prefix
    }

    private static func trimmed(_ text: String) -> String { text.trimmingCharacters(in: .whitespacesAndNewlines) }

    /// Reads a code; white space around it does not count.
    ///
    /// - Throws: ``AdapterError`` with code `malformedCode` for a text that is no code or has a wrong character,
    ///   `unsupportedVersion` for a code of a newer program.
    public init(text: String) throws(AdapterError) {
        let symbols = try Bech32.symbols(Self.trimmed(text))
        self.text = Bech32.text(symbols)
        let content = try CodeContent(symbols)
        baseModel = content.fingerprint
        outline = content.design
        values = content.values
        elementType = content.elementType
        notedArithmetic = content.arithmetic
    }

    /// Writes an adapter as a code.
    ///
    /// - Throws: ``AdapterError`` with code `notEncodable` for a method other than TinyLoRA and LoRA-XS, and for more numbers
    ///   than 1,000 characters hold, which are about 290 in bf16.
    public init(_ adapter: AdapterFile) throws(AdapterError) {
        try self.init(text: Bech32.text(CodeContent.symbols(of: adapter)))
    }

    /// The adapter for the model that it was trained on.
    ///
    /// - Parameters:
    ///   - configuration: Of the model.
    ///   - model: Its name and whole fingerprint.
    /// - Throws: ``AdapterError`` with code `differentBaseModel` for another model.
    public func adapter(
        for configuration: ModelConfiguration, of model: AdapterFile.BaseModel
    ) throws(AdapterError) -> AdapterFile {
        guard model.fingerprint.hasPrefix(baseModel) else {
            throw AdapterFile.BaseModel(name: "another model", fingerprint: baseModel).isNot(model)
        }
        return try AdapterFile(
            design: design(for: configuration, named: model.name), baseModel: model, values: values,
            elementType: elementType, arithmetic: notedArithmetic, toolVersion: "adapter code \(CodeContent.version)")
    }

    /// The design with the shapes of a model, which need not be the one that the adapter was trained on.
    ///
    /// - Parameters:
    ///   - configuration: Of the model.
    ///   - name: The model's, for messages.
    /// - Throws: ``AdapterError`` with code `malformedCode` where the model has no such modules.
    package func design(
        for configuration: ModelConfiguration, named name: String
    ) throws(AdapterError) -> any AdapterDesign {
        let found = configuration.modules
        var modules: [AdaptedModule] = []
        for module in outline.modules {
            guard found.indices.contains(module.index) else {
                throw damaged(
                    "it changes \(module.name), \(name) has \(counted(configuration.layerCount, "layer"))")
            }
            modules.append(found[module.index])
        }
        switch outline {
        case let design as TinyLoRADesign:
            let plan = design.plan
            return TinyLoRADesign(
                plan: try AdapterPlan(modules: modules, rank: plan.rank, u: plan.u, tying: plan.tying),
                seed: design.seed, subspace: design.subspace)
        case let design as LoRAXSDesign:
            return try LoRAXSDesign(
                modules: modules, rank: design.rank, alpha: design.alpha, subspace: design.subspace, seed: design.seed)
        default: return outline
        }
    }
}

extension AdapterCode: Hashable {
    /// Same text.
    public static func == (a: AdapterCode, b: AdapterCode) -> Bool { a.text == b.text }

    /// Hashes the text.
    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension AdapterCode: CustomStringConvertible {
    /// The text.
    public var description: String { text }
}
