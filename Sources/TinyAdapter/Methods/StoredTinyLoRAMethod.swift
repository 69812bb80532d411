public import TinyCheckpoint
public import TinyFoundation
public import TinyModel

/// TinyLoRA whose factors and projections were not made here, as in an adapter of PEFT: an adapter file keeps them beside the
/// trained numbers.
///
///     W' = W + B (Σᵢ vᵢ Pᵢ) A
public struct StoredTinyLoRADesign: AdapterDesign {
    /// The method's name.
    public static let method = "tinylora-stored"
    /// Modules, rank, `u` and tying.
    public let plan: AdapterPlan
    /// `A` and `B` of every module.
    public let factors: [ModuleFactors]
    /// `P` of every module, `[modules, u, rank, rank]`.
    public let projections: [Float]

    /// Makes a design from its parts.
    ///
    /// - Parameters:
    ///   - plan: Modules, rank, `u` and tying.
    ///   - factors: By module, `A [rank, inputs]` and `B [outputs, rank]`.
    ///   - projections: `[modules, u, rank, rank]`.
    public init(plan: AdapterPlan, factors: [ModuleFactors], projections: [Float]) {
        precondition(
            factors.count == plan.modules.count && projections.count == plan.projectionCount,
            "StoredTinyLoRADesign: \(factors.count) factors, \(projections.count) projection entries, plan \(plan)")
        self.plan = plan
        self.factors = factors
        self.projections = projections
    }

    /// How many numbers are trained.
    public var parameterCount: Int { plan.parameterCount }

    /// The changed modules.
    public var modules: [AdaptedModule] { plan.modules }

    /// The groups.
    public var parts: [AdapterPart] { plan.parts }

    /// The plan's.
    public var groups: [Int]? { plan.groups }

    /// Factors and projections, both stored.
    public var frozenParts: FrozenParts? { FrozenParts(rank: plan.rank, projectionCount: plan.projectionCount) }

    /// As shown to people: `13 parameters · u 1 · rank 2 · 196 modules in 13 groups (as PEFT ties) · stored factors`.
    public var description: String { plan.description + " · stored factors" }

    /// Projections and factors are stored.
    public var schemes: [String: String] {
        [AdapterNotes.projectionScheme: Self.scheme, AdapterNotes.factorScheme: Self.scheme]
    }

    private static let scheme = "stored"

    /// Checks that the model has the modules; reads no weight.
    public func prepared(_ preparation: AdapterPreparation) throws -> any AdapterMethod {
        try modules.requirePresence(in: preparation.checkpoint)
        return StoredTinyLoRAMethod(
            design: self,
            method: TinyLoRAMethod(
                design: TinyLoRADesign(plan: plan, seed: 0),
                factors: LowRankFactors(rank: plan.rank, modules: modules, factors: factors), projections: projections))
    }

    /// `tinylora_v`, `[groups, u]`.
    public var tensors: [ParameterShape] { TinyLoRADesign(plan: plan, seed: 0).tensors }

    /// `<module>.tinylora_A`, `_B` and `_P` of every module, in fp32.
    public var frozenTensors: [TensorToWrite] {
        let entries = plan.u * plan.rank * plan.rank
        return Self.frozenShapes(plan).enumerated().map { index, tensor in
            let module = index / 3
            let floats =
                switch index % 3 {
                case 0: factors[module].a
                case 1: factors[module].b
                default: Array(projections[module * entries..<(module + 1) * entries])
                }
            return TensorToWrite(name: tensor.name, shape: tensor.shape, floats: floats)
        }
    }

    private static func frozenShapes(_ plan: AdapterPlan) -> [ParameterShape] {
        plan.modules.flatMap { module in
            [
                ParameterShape(name: module.name + ".tinylora_A", shape: [plan.rank, module.inputs]),
                ParameterShape(name: module.name + ".tinylora_B", shape: [module.outputs, plan.rank]),
                ParameterShape(name: module.name + ".tinylora_P", shape: [plan.u, plan.rank, plan.rank]),
            ]
        }
    }

    /// The plan as JSON.
    public var notes: [String: String] {
        get throws { [AdapterNotes.plan: try AdapterNotes.json(plan)] }
    }

    /// Reads the plan and the frozen tensors.
    public init(notes: AdapterNotes) throws(AdapterError) {
        for key in [AdapterNotes.projectionScheme, AdapterNotes.factorScheme] {
            try notes.require(key, among: [Self.scheme])
        }
        let plan = try notes.json(AdapterNotes.plan, as: AdapterPlan.self)
        var numbers: [[Float]] = []
        for tensor in Self.frozenShapes(plan) {
            let floats = try notes.tensor(tensor).floats()
            guard floats.allSatisfy(\.isFinite) else {
                throw AdapterError(.malformedFile, "\(tensor.name) in \(notes.path) is not made of finite numbers")
            }
            numbers.append(floats)
        }
        self.init(
            plan: plan,
            factors: plan.modules.indices.map { ModuleFactors(a: numbers[3 * $0], b: numbers[3 * $0 + 1]) },
            projections: plan.modules.indices.flatMap { numbers[3 * $0 + 2] })
    }

    /// The plan is enough to tell designs apart.
    public func hash(into hasher: inout Hasher) { hasher.combine(plan) }
}

/// Stored TinyLoRA for one model.
public struct StoredTinyLoRAMethod: AdapterMethod {
    /// Plan, factors and projections.
    public let design: StoredTinyLoRADesign
    /// The same as the method that computes with them.
    public let method: TinyLoRAMethod

    /// Zeros: the base model, bit for bit.
    public var initialValues: [Float] { method.initialValues }

    /// Every sequence's `dR`, folded.
    public var gradient: AdapterGradient { method.gradient }

    /// Those of ``method``.
    public var frozenFactors: LowRankFactors? { method.frozenFactors }

    /// Factors, projections and groups.
    public var linearMixing: LinearMixing? { method.linearMixing }

    /// The change of weights for these numbers.
    public func effect(of values: [Float]) -> AdapterEffect { method.effect(of: values) }
}
