import Foundation
import TinyCheckpoint
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
    /// The projection seed; it names random directions too.
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

    /// As shown to people: `13 parameters · u 1 · rank 2 · 196 modules in 13 groups (tiled by 16)`.
    public var description: String { plan.description + subspace.phrase }

    /// Schemes of projections and factors.
    public var schemes: [String: String] {
        [AdapterNotes.projectionScheme: Projection.scheme, AdapterNotes.factorScheme: subspace.scheme]
    }

    /// The basis: projections drawn, weights factorised.
    public func prepared(_ preparation: AdapterPreparation) throws -> any AdapterMethod {
        let factors = try preparation.factors(of: modules, rank: plan.rank, subspace: subspace, seed: seed)
        return AdapterBasis(design: self, factors: factors)
    }

    /// `tinylora_v`, `[groups, u]`.
    public var tensors: [ParameterShape] { [ParameterShape(name: "tinylora_v", shape: [plan.groupCount, plan.u])] }

    /// The plan as JSON, its main numbers once more for readers that do not take JSON apart, and the seed.
    public var notes: [String: String] {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let plan = String(decoding: try encoder.encode(plan), as: UTF8.self)
            return summary.merging([AdapterNotes.plan: plan, AdapterNotes.projectionSeed: "\(seed)"]) { $1 }
        }
    }

    private var summary: [String: String] { Self.summary(of: plan) }

    private static func summary(of plan: AdapterPlan) -> [String: String] {
        [AdapterNotes.rank: "\(plan.rank)", AdapterNotes.u: "\(plan.u)", AdapterNotes.tying: "\(plan.tying)"]
    }

    /// Reads plan and seed.
    public init(notes: AdapterNotes) throws(AdapterError) {
        try notes.require(AdapterNotes.projectionScheme, among: [Projection.scheme])
        subspace = try notes.subspace()
        plan = try notes.json(AdapterNotes.plan, as: AdapterPlan.self)
        try notes.requireAgreement(Self.summary(of: plan))
        seed = try notes.seed()
    }
}
