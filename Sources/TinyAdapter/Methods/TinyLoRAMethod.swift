public import TinyModel
public import TinyFoundation

/// TinyLoRA: a few numbers, shared by groups of modules, each acting through a fixed random matrix between frozen factors.
///
///     W' = W + B (Σᵢ vᵢ Pᵢ) A
///
/// Source: arXiv:2602.04118 §4.
public struct TinyLoRADesign: AdapterDesign {
    /// The method's name.
    public static let method = "tinylora"
    /// Modules, rank, `u` and tying.
    public let plan: AdapterPlan
    /// The projection seed; it also seeds random directions.
    public let seed: UInt64
    /// Which directions of the weights the factors are.
    public let subspace: FrozenSubspace

    /// Makes a design from its parts.
    public init(plan: AdapterPlan, seed: UInt64, subspace: FrozenSubspace = .top) {
        self.plan = plan
        self.seed = seed
        self.subspace = subspace
    }

    /// How many numbers are trained.
    public var parameterCount: Int { plan.parameterCount }

    /// The changed modules.
    public var modules: [AdaptedModule] { plan.modules }

    /// The groups.
    public var parts: [AdapterPart] { plan.parts }

    /// The plan's.
    public var groups: [Int]? { plan.groups }

    /// Factors and projections.
    public var frozenParts: FrozenParts? {
        FrozenParts(rank: plan.rank, projectionCount: plan.projectionCount, subspace: subspace, seed: seed)
    }

    /// As shown to people: `13 parameters · u 1 · rank 2 · 196 modules in 13 groups (tiled by 16)`.
    public var description: String { plan.description + subspace.phrase }

    /// Schemes of projections and factors.
    public var schemes: [String: String] {
        [AdapterNotes.projectionScheme: Projection.scheme, AdapterNotes.factorScheme: subspace.scheme]
    }

    /// Factorises the weights and draws the projections.
    public func prepared(_ preparation: AdapterPreparation) throws -> any AdapterMethod {
        try TinyLoRAMethod(design: self, for: preparation)
    }

    /// `tinylora_v`, `[groups, u]`.
    public var tensors: [ParameterShape] { [ParameterShape(name: "tinylora_v", shape: [plan.groupCount, plan.u])] }

    /// The plan as JSON, its main numbers once more for readers that do not take JSON apart, and the seed.
    public var notes: [String: String] {
        get throws {
            let plan = try AdapterNotes.json(plan)
            return summary.merging([AdapterNotes.plan: plan, AdapterNotes.projectionSeed: "\(seed)"]) { $1 }
        }
    }

    private var summary: [String: String] {
        [AdapterNotes.rank: "\(plan.rank)", AdapterNotes.u: "\(plan.u)", AdapterNotes.tying: "\(plan.tying)"]
    }

    /// Reads plan and seed.
    public init(notes: AdapterNotes) throws(AdapterError) {
        try notes.require(AdapterNotes.projectionScheme, among: [Projection.scheme])
        subspace = try notes.subspace()
        plan = try notes.json(AdapterNotes.plan, as: AdapterPlan.self)
        seed = try notes.seed()
        try notes.requireAgreement(summary)
    }
}

/// TinyLoRA for one model: plan, frozen factors and projections.
///
/// Turns trained numbers into a change of weights and gradients of that change back into gradients of the numbers:
///
/// ```swift
/// let change = method.change(values: v)                 // R of every module, for the forward pass
/// let gradient = method.fold(mixingGradient: dR)        // [groups · u], after the backward pass
/// ```
///
/// One method serves any number of adapters with the same plan and seed on the same model.
public struct TinyLoRAMethod: AdapterMethod {
    /// Plan, seed and subspace.
    public let design: TinyLoRADesign
    /// `A` and `B` of every module.
    public let factors: LowRankFactors
    /// `P` of every module, `[modules, u, rank, rank]`.
    public let projections: [Float]

    /// Draws the projections for a design.
    ///
    /// - Parameters:
    ///   - design: Modules, rank, `u`, tying and the projection seed.
    ///   - factors: Of the design's modules, in the same order and of the same rank.
    public init(design: TinyLoRADesign, factors: LowRankFactors) {
        self.init(
            design: design, factors: factors, projections: Projection.ofPlan(design.plan, seed: design.seed))
    }

    init(design: TinyLoRADesign, factors: LowRankFactors, projections: [Float]) {
        let plan = design.plan
        precondition(
            factors.rank == plan.rank && factors.modules == plan.modules,
            "TinyLoRAMethod: factors of rank \(factors.rank) for \(factors.modules.count) modules, plan \(plan)")
        self.design = design
        self.factors = factors
        self.projections = projections
    }

    /// Factorises the weights that the design changes, or takes their factors from the cache, and draws the projections.
    ///
    /// - Throws: As ``AdapterDesign/prepared(_:)``.
    public init(design: TinyLoRADesign, for preparation: AdapterPreparation) throws {
        let factors = try preparation.factors(
            of: design.modules, rank: design.plan.rank, subspace: design.subspace, seed: design.seed)
        self.init(design: design, factors: factors)
    }

    /// Modules, rank, `u` and tying.
    public var plan: AdapterPlan { design.plan }

    /// Zeros: the base model, bit for bit.
    public var initialValues: [Float] { [Float](repeating: 0, count: parameterCount) }

    /// Every sequence's `dR`, folded.
    public var gradient: AdapterGradient { .mixing(fold: fold) }

    /// ``factors``.
    public var frozenFactors: LowRankFactors? { factors }

    /// Factors, projections and groups.
    public var linearMixing: LinearMixing? {
        let size = plan.u * plan.rank * plan.rank
        return LinearMixing(factors: factors, u: plan.u, groups: plan.groups) { [projections] place in
            Array(projections[place * size..<(place + 1) * size])
        }
    }

    /// The change of weights for these numbers.
    public func effect(of values: [Float]) -> AdapterEffect { .change(change(values: values)) }

    /// The change of weights for these numbers: `R[m] = Σᵢ v[group(m), i] · P[m, i]`, summed in ascending i.
    ///
    /// Zeros give exactly zero everywhere.
    ///
    /// - Parameter values: `[groups, u]`, as stored: already rounded to the adapter's element type.
    public func change(values: [Float]) -> LowRankChange {
        precondition(values.count == parameterCount, "change: \(values.count) values, \(parameterCount) parameters")
        let (u, entries) = (plan.u, plan.rank * plan.rank)
        var mixing = [Float](repeating: 0, count: plan.modules.count * entries)
        for (module, group) in plan.groups.enumerated() {
            for index in 0..<u {
                let value = values[group * u + index]
                let projection = (module * u + index) * entries
                for entry in 0..<entries { mixing[module * entries + entry] += value * projections[projection + entry] }
            }
        }
        return LowRankChange(factors: factors, mixing: mixing)
    }

    /// The gradient of the numbers from the gradient of every mixing matrix; the transpose of ``change(values:)``.
    ///
    /// `dv[g, i] = Σ over modules m of group g of ⟨dR[m], P[m, i]⟩`, modules in ascending order, entries in row order.
    ///
    /// - Parameter mixingGradient: `[modules, rank, rank]`.
    /// - Returns: `[groups, u]`.
    public func fold(mixingGradient: [Float]) -> [Float] {
        let (u, entries) = (plan.u, plan.rank * plan.rank)
        precondition(
            mixingGradient.count == plan.modules.count * entries,
            "fold: \(mixingGradient.count) entries, \(plan.modules.count) modules of \(entries)")
        var gradient = [Float](repeating: 0, count: parameterCount)
        for (module, group) in plan.groups.enumerated() {
            for index in 0..<u {
                let projection = (module * u + index) * entries
                var product: Float = 0
                for entry in 0..<entries {
                    product += mixingGradient[module * entries + entry] * projections[projection + entry]
                }
                gradient[group * u + index] += product
            }
        }
        return gradient
    }
}

/// The fixed random matrices `Pᵢ` that turn a module's numbers into its mixing matrix.
public enum Projection {
    /// Name and version of the scheme, as written into adapters.
    public static let scheme = "normal-variance-1/r.per-module/1 " + RandomStream.normalScheme

    /// The projections of one module.
    ///
    /// Entries are independent normal deviates with mean 0 and variance `1 / rank`, drawn in Double and rounded to Float.
    /// They depend on nothing but the arguments, so any module's can be made again at any time.
    ///
    /// - Parameters:
    ///   - index: The module's ``AdaptedModule/index``.
    ///   - u: Numbers per group.
    ///   - rank: The plan's rank.
    ///   - seed: The projection seed.
    /// - Returns: `[u, rank, rank]`, row-major.
    public static func ofModule(_ index: Int, u: Int, rank: Int, seed: UInt64) -> [Float] {
        var stream = RandomStream(.projection, seed: seed, step: index)
        let deviation = (1 / Double(rank)).squareRoot()
        return (0..<u * rank * rank).map { _ in Float(stream.normal() * deviation) }
    }

    /// The projections of every module of a plan, `[modules, u, rank, rank]`.
    public static func ofPlan(_ plan: AdapterPlan, seed: UInt64) -> [Float] {
        plan.modules.flatMap { ofModule($0.index, u: plan.u, rank: plan.rank, seed: seed) }
    }
}
