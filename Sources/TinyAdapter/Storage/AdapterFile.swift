public import TinyTensor

/// A trained adapter: its numbers as stored, and everything needed to use them.
///
/// ```swift
/// let adapter = try AdapterFile(plan: plan, seed: 1, baseModel: model, values: v, toolVersion: "0.1.0")
/// adapter.valuesByteCount                       // 26 for 13 parameters
/// try adapter.write(to: "adapter.safetensors")
/// let basis = try AdapterFile.load(path: "adapter.safetensors").basis(for: checkpoint, cache: .standard())
/// ```
public struct AdapterFile: Sendable, Hashable {
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

    /// Modules, rank, `u` and tying.
    public let plan: AdapterPlan
    /// The projection seed.
    public let seed: UInt64
    /// The model the adapter belongs to.
    public let baseModel: BaseModel
    /// The trained numbers, `[groups, u]`, rounded to ``elementType``.
    public let values: [Float]
    /// How the numbers are stored.
    public let elementType: ElementType
    /// What wrote the adapter.
    public let toolVersion: String
    /// Anything else worth keeping, such as step and run.
    public let details: [String: String]

    /// Bytes of the numbers themselves, without the file's header: parameters × bytes per number.
    public var valuesByteCount: Int { plan.parameterCount * elementType.byteCount }

    /// Rounds the numbers and checks them.
    ///
    /// - Parameters:
    ///   - plan: Modules, rank, `u` and tying.
    ///   - seed: The projection seed.
    ///   - baseModel: The model the adapter was trained on.
    ///   - values: `[groups, u]`, finite; rounded to `elementType`.
    ///   - elementType: How to store them.
    ///   - toolVersion: What writes the adapter.
    ///   - details: Anything else worth keeping.
    /// - Throws: ``AdapterError`` with code `invalidValues` when the count is not the plan's or a value is not finite
    ///   after rounding.
    public init(
        plan: AdapterPlan, seed: UInt64, baseModel: BaseModel, values: [Float], elementType: ElementType = .bfloat16,
        toolVersion: String, details: [String: String] = [:]
    ) throws(AdapterError) {
        guard values.count == plan.parameterCount else {
            throw AdapterError(
                .invalidValues, "\(values.count) values were given for \(counted(plan.parameterCount, "parameter"))")
        }
        let rounded = values.map { elementType.rounded($0) }
        if let index = rounded.firstIndex(where: { !$0.isFinite }) {
            throw AdapterError(
                .invalidValues,
                "value \(index) of the adapter is \(values[index]), which \(elementType.rawValue) cannot hold")
        }
        self.plan = plan
        self.seed = seed
        self.baseModel = baseModel
        self.values = rounded
        self.elementType = elementType
        self.toolVersion = toolVersion
        self.details = details
    }
}
