public import TinyModel

/// Everything about an adapter that is not trained: plan, frozen factors and projections.
///
/// Turns trained numbers into a change of weights and gradients of that change back into gradients of the numbers:
///
/// ```swift
/// let change = basis.change(values: v)                 // R of every module, for the forward pass
/// let gradient = basis.fold(mixingGradient: dR)        // [groups · u], after the backward pass
/// ```
///
/// One basis serves any number of adapters with the same plan and seed on the same model.
public struct AdapterBasis: Sendable {
    /// Modules, rank, `u` and tying.
    public let plan: AdapterPlan
    /// `A` and `B` of every module.
    public let factors: LowRankFactors
    /// The projection seed.
    public let seed: UInt64
    /// `P` of every module, `[modules, u, rank, rank]`.
    public let projections: [Float]

    /// Draws the projections for a plan.
    ///
    /// - Parameters:
    ///   - plan: Modules, rank, `u` and tying.
    ///   - factors: Of the plan's modules, in the same order and of the same rank.
    ///   - seed: The projection seed.
    public init(plan: AdapterPlan, factors: LowRankFactors, seed: UInt64) {
        precondition(
            factors.rank == plan.rank && factors.modules == plan.modules,
            "AdapterBasis: factors of rank \(factors.rank) for \(factors.modules.count) modules, plan \(plan)")
        self.plan = plan
        self.factors = factors
        self.seed = seed
        projections = Projection.ofPlan(plan, seed: seed)
    }

    /// How many numbers an adapter has.
    public var parameterCount: Int { plan.parameterCount }

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
