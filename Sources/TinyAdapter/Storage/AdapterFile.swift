public import TinyFoundation

/// A trained adapter: its numbers as stored, and everything needed to use them.
///
/// ```swift
/// let adapter = try AdapterFile(
///     design: design, baseModel: model, values: v, arithmetic: .bfloat16, toolVersion: "0.1.0")
/// adapter.valuesByteCount                       // 26 for 13 parameters in bf16
/// try adapter.write(to: "adapter.safetensors")
/// let method = try AdapterFile.load(path: "adapter.safetensors").method(for: AdapterPreparation(checkpoint: checkpoint))
/// ```
public struct AdapterFile: Sendable {
    /// The model an adapter was trained on.
    public struct BaseModel: Sendable, Hashable {
        /// For people, such as the directory's name.
        public var name: String
        /// `Checkpoint.fingerprint()` of the model, which is what counts.
        public var fingerprint: String

        /// Names a model.
        public init(name: String, fingerprint: String) {
            self.name = name
            self.fingerprint = fingerprint
        }
    }

    /// Every kind of design that a file may hold.
    public static let designs: [any AdapterDesign.Type] = [
        TinyLoRADesign.self, StoredTinyLoRADesign.self, LoRAXSDesign.self, LoRADesign.self, FullDesign.self,
    ]

    /// The method, its sizes and settings.
    public let design: any AdapterDesign
    /// The model the adapter belongs to.
    public let baseModel: BaseModel
    /// The trained numbers, rounded to ``elementType``.
    public internal(set) var values: [Float]
    /// How the numbers are stored.
    public let elementType: ElementType
    /// The arithmetic of the training as the file notes it; `nil` in a file from before there were two.
    public let notedArithmetic: Arithmetic?
    /// What wrote the adapter.
    public let toolVersion: String
    /// Other notes, such as step and run.
    public internal(set) var details: [String: String]

    /// The arithmetic of the training: float32 where none is noted.
    public var arithmetic: Arithmetic { notedArithmetic ?? .float32 }

    /// Bytes of the numbers themselves, without the file's header: parameters × bytes per number.
    public var valuesByteCount: Int { design.parameterCount * elementType.byteCount }

    /// Rounds the numbers and checks them.
    ///
    /// - Parameters:
    ///   - design: What the numbers are.
    ///   - baseModel: The model the adapter was trained on.
    ///   - values: Finite, as many as the design has parameters; rounded to `elementType`.
    ///   - elementType: How to store them.
    ///   - arithmetic: That of the training; `nil` notes none.
    ///   - toolVersion: What writes the adapter.
    ///   - details: Other notes.
    /// - Throws: ``AdapterError`` with code `invalidValues` when the count is not the design's or a value is not finite
    ///   after rounding.
    public init(
        design: any AdapterDesign, baseModel: BaseModel, values: [Float], elementType: ElementType = .bfloat16,
        arithmetic: Arithmetic?, toolVersion: String, details: [String: String] = [:]
    ) throws(AdapterError) {
        guard values.count == design.parameterCount else {
            throw AdapterError(
                .invalidValues, "\(values.count) values were given for \(counted(design.parameterCount, "parameter"))")
        }
        let rounded = elementType == .float32 ? values : values.map { elementType.rounded($0) }
        if let index = rounded.firstIndex(where: { !$0.isFinite }) {
            throw AdapterError(
                .invalidValues,
                "value \(index) of the adapter is \(values[index]), which \(elementType.safetensorsName) cannot hold")
        }
        self.design = design
        self.baseModel = baseModel
        self.values = rounded
        self.elementType = elementType
        notedArithmetic = arithmetic
        self.toolVersion = toolVersion
        self.details = details
    }
}

extension AdapterFile: Hashable {
    /// Same design, model, numbers and notes.
    public static func == (a: AdapterFile, b: AdapterFile) -> Bool {
        AnyHashable(a.design) == AnyHashable(b.design) && a.baseModel == b.baseModel && a.values == b.values
            && a.elementType == b.elementType && a.notedArithmetic == b.notedArithmetic
            && a.toolVersion == b.toolVersion && a.details == b.details
    }

    /// Model and numbers suffice to tell adapters apart.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(baseModel)
        hasher.combine(values)
    }
}
