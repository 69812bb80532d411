public import TinyAdapter
public import TinyCheckpoint
internal import TinyModel
public import TinyRecords
import TinyFoundation

extension AdapterSettings {
    /// Trained numbers of TinyLoRA, unless ``parameters`` or ``tying`` say otherwise.
    static let usualParameters = 13

    /// What these settings mean for a model of this shape. Reads no weight.
    ///
    /// - Throws: `AdapterError` with code `invalidPlan` when the model has no room for them, or when ``parameters`` is not
    ///   what the other settings give.
    public func design(for model: ModelConfiguration) throws -> any AdapterDesign {
        let modules = model.modules.filter { targetModules.contains($0.kind.suffix) }
        let design: any AdapterDesign
        switch method {
        case .tinyLoRA:
            design = TinyLoRADesign(plan: try plan(modules), seed: projectionSeed, subspace: frozenSubspace)
        case .loraXS:
            design = try LoRAXSDesign(
                modules: modules, rank: rank, alpha: alpha, subspace: frozenSubspace, seed: projectionSeed)
        case .lora: design = try LoRADesign(modules: modules, rank: rank, alpha: alpha)
        case .full: design = FullDesign(configuration: model)
        }
        guard let parameters, parameters != design.parameterCount else { return design }
        throw AdapterError(
            .invalidPlan, "parameters is \(parameters), but the other settings give \(design.description)",
            hint: "leave parameters out, or make them agree")
    }

    /// The settings of a design, the inverse of ``design(for:)`` where settings can say what the design is: they name kinds of
    /// matrices, not layers, and no stored factors.
    init(_ design: any AdapterDesign, elementType: ElementType) {
        self.init()
        parameters = design.parameterCount
        self.elementType = elementType
        targetModules = TargetModules.list(design.modules.kinds.map(\.suffix)).ordered
        switch design {
        case let design as TinyLoRADesign:
            take(design.plan)
            frozenSubspace = design.subspace
            projectionSeed = design.seed
        case let design as StoredTinyLoRADesign: take(design.plan)
        case let design as LoRAXSDesign:
            method = .loraXS
            rank = design.rank
            alpha = design.alpha
            frozenSubspace = design.subspace
            projectionSeed = design.seed
        case let design as LoRADesign:
            method = .lora
            rank = design.rank
            alpha = design.alpha
        default: method = .full
        }
    }

    private mutating func take(_ plan: AdapterPlan) {
        rank = plan.rank
        u = plan.u
        tying = "\(plan.tying)"
    }

    private func plan(_ modules: [AdaptedModule]) throws -> AdapterPlan {
        guard let tying else {
            return try AdapterPlan.resolving(
                parameters: parameters ?? Self.usualParameters, modules: modules, rank: rank)
        }
        guard let way = Tying(tying) else {
            throw AdapterError(.invalidPlan, "tying is \(tying), which is not a tying")
        }
        return try AdapterPlan(modules: modules, rank: rank, u: u ?? 1, tying: way)
    }
}
