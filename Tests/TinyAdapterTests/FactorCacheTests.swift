import Foundation
import Testing
import TinyAdapter
import TinyCheckpoint
import TinyModel
import TinyTensor
import TinyFoundation

@Suite("Factors of a checkpoint and their cache")
struct FactorCacheTests {
    private let directory: TemporaryDirectory
    private let checkpoint: Checkpoint
    private let plan: AdapterPlan

    init() throws {
        directory = try TemporaryDirectory()
        checkpoint = try writeModel(to: directory.path + "/model")
        plan = try AdapterPlan.resolving(parameters: 5, modules: checkpoint.configuration.modules)
    }

    private var cachePath: String { directory.path + "/deep/cache" }

    private func make(_ cache: FactorCache?, plan: AdapterPlan? = nil, computed: Counter = Counter()) throws
        -> TinyLoRAMethod
    {
        let preparation = AdapterPreparation(checkpoint: checkpoint, cache: cache) { done, _ in
            if done > 0 { computed.add() }
        }
        return try TinyLoRAMethod(design: TinyLoRADesign(plan: plan ?? self.plan, seed: 3), for: preparation)
    }

    private func bits(_ basis: TinyLoRAMethod) -> [[UInt32]] {
        basis.factors.factors.map { ($0.a + $0.b).map(\.bitPattern) }
    }

    @Test("B = U Σ and A = Vᵀ: W Aᵀ = B for every module")
    func convention() throws {
        let basis = try make(nil)
        for (module, factors) in zip(plan.modules, basis.factors.factors) {
            let weight = try checkpoint.tensor(module.name + ".weight", [module.outputs, module.inputs]).floats()
            let largest = (0..<module.outputs).reduce(0.0) { $0 + Double(factors.b[$1 * 2] * factors.b[$1 * 2]) }
                .squareRoot()
            for output in 0..<module.outputs {
                for triplet in 0..<2 {
                    let product = (0..<module.inputs).reduce(0.0) {
                        $0 + Double(weight[output * module.inputs + $1])
                            * Double(factors.a[triplet * module.inputs + $1])
                    }
                    #expect((product - Double(factors.b[output * 2 + triplet])).magnitude <= 1e-6 * largest)
                }
            }
        }
    }

    @Test("modules are those of the configuration, in counting order")
    func modulesOfModel() {
        #expect(plan.modules.map(\.index) == Array(0..<14))
        let shapes = plan.modules.prefix(7).map { [$0.outputs, $0.inputs] }
        #expect(shapes == [[16, 16], [8, 16], [8, 16], [16, 16], [24, 16], [24, 16], [16, 24]])
    }

    @Test("a second run takes the same bits from the disk")
    func hit() throws {
        let cache = FactorCache(directory: cachePath)
        let first = Counter(), second = Counter()
        let computed = try make(cache, computed: first), cached = try make(cache, computed: second)
        #expect(first.count == 14 && second.count == 0)
        #expect(bits(computed) == bits(cached))
        #expect(bits(computed) == bits(try make(nil)))
    }

    @Test("the bits do not depend on the number of threads")
    func threads() throws {
        let one = try TinyLoRAMethod(
            design: TinyLoRADesign(plan: plan, seed: 3),
            for: AdapterPreparation(checkpoint: checkpoint, threads: 1))
        let three = try TinyLoRAMethod(
            design: TinyLoRADesign(plan: plan, seed: 3),
            for: AdapterPreparation(checkpoint: checkpoint, threads: 3))
        #expect(bits(one) == bits(three))
    }

    @Test("modules that the cache lacks are computed and added")
    func partial() throws {
        let cache = FactorCache(directory: cachePath)
        let computed = Counter()
        func factors(_ modules: ArraySlice<AdaptedModule>) throws -> [[Float]] {
            try Factorisation.factors(
                of: Array(modules), rank: 2, fingerprint: checkpoint.fingerprint(), cache: cache, threads: 1,
                weight: { [checkpoint] module in
                    let tensor = try checkpoint.tensor(module.name + ".weight", [module.outputs, module.inputs])
                    return PackedMatrix(floats: tensor.floats(), outputs: module.outputs, inputs: module.inputs)
                }, progress: { done, _ in if done > 0 { computed.add() } }
            ).map { $0.a + $0.b }
        }
        let some = try factors(plan.modules[3..<8])
        #expect(computed.count == 5)
        let all = try factors(plan.modules[...])
        #expect(computed.count == 14)
        #expect(Array(all[3..<8]) == some)
        #expect(try make(cache, computed: computed).factors.factors.map { $0.a + $0.b } == all)
        #expect(computed.count == 14)
    }

    @Test("other ranks, models and subspaces have files of their own")
    func keys() throws {
        let cache = FactorCache(directory: cachePath)
        var paths = [("a", 1), ("a", 2), ("b", 2)].map { cache.path(fingerprint: $0.0, rank: $0.1) }
        paths.append(cache.path(fingerprint: "a", rank: 1, subspace: .bottom, seed: 1))
        paths.append(cache.path(fingerprint: "a", rank: 1, subspace: .random, seed: 1))
        paths.append(cache.path(fingerprint: "a", rank: 1, subspace: .random, seed: 2))
        #expect(cache.path(fingerprint: "a", rank: 1, subspace: .bottom, seed: 2) == paths[3], "nothing is drawn")
        #expect(Set(paths).count == 6 && paths.allSatisfy { $0.hasPrefix(cachePath + "/") })
    }

    @Test(
        "a damaged file is computed again and replaced", arguments: ["cut", "flipped bit", "not safetensors", "empty"])
    func damaged(how: String) throws {
        let reports = Counter()
        let cache = FactorCache(directory: cachePath) { reports.add($0) }
        let intact = try make(cache)
        let path = try cache.path(fingerprint: checkpoint.fingerprint(), rank: 2)
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        switch how {
        case "cut": data.removeLast(5)
        case "flipped bit": data[data.count - 7] ^= 0x10
        case "empty": data = Data()
        default: data = Data("factors".utf8)
        }
        try data.write(to: URL(fileURLWithPath: path))
        let again = Counter(), cached = Counter()
        #expect(bits(try make(cache, computed: again)) == bits(intact))
        #expect(again.count == 14 && reports.count == 1, "\(reports.messages)")
        #expect(bits(try make(cache, computed: cached)) == bits(intact))
        #expect(cached.count == 0)
    }

    @Test("a cache that cannot be written is reported and does no harm")
    func unwritable() throws {
        let reports = Counter()
        let file = directory.path + "/file"
        try Data("x".utf8).write(to: URL(fileURLWithPath: file))
        let cache = FactorCache(directory: file + "/cache") { reports.add($0) }
        #expect(bits(try make(cache)) == bits(try make(nil)))
        #expect(reports.count == 1 && reports.messages[0].hasPrefix("the factors are not cached: "))
    }

    @Test("the standard place follows the environment")
    func standard() {
        func place(_ environment: [String: String]) -> String? {
            FactorCache.standard(environment: environment)?.directory
        }
        let all = ["TINYLORA_CACHE": "/t", "XDG_CACHE_HOME": "/x", "HOME": "/h"]
        #expect(place(all) == "/t")
        #expect(place(all.merging(["TINYLORA_CACHE": ""]) { $1 }) == "/x/tinylora")
        #expect(place(["HOME": "/h"]) == "/h/.cache/tinylora")
        #expect(place([:]) == nil)
    }

    @Test("a weight that is not finite is named")
    func notFinite() throws {
        let broken = directory.path + "/broken"
        let modules = plan.modules
        let tensors = modules.map { module in
            var floats = gaussian(module.outputs * module.inputs, seed: 1)
            if module.index == 9 { floats[5] = .nan }
            return TensorToWrite(name: module.name + ".weight", shape: [module.outputs, module.inputs], floats: floats)
        }
        try CheckpointWriter.write(configuration: checkpoint.configuration, tensors: tensors, to: broken)
        let model = try Checkpoint(directory: broken)
        let error = #expect(throws: AdapterError.self) {
            try TinyLoRAMethod(
                design: TinyLoRADesign(plan: plan, seed: 1),
                for: AdapterPreparation(checkpoint: model))
        }
        #expect(error?.code == .factorisationFailed)
        #expect(error?.message.hasPrefix("model.layers.1.self_attn.v_proj.weight cannot be factorised: ") == true)
    }

    @Test("a plan for another model is refused with a sentence")
    func otherPlan() throws {
        let name = checkpoint.directory
        let cases = [
            (
                modules(layers: 2),
                "the plan expects model.layers.0.self_attn.q_proj [8, 8], "
                    + "\(name) has model.layers.0.self_attn.q_proj [16, 16]"
            ),
            (
                [AdaptedModule(layer: 2, kind: .key, outputs: 8, inputs: 16)],
                "the plan expects model.layers.2.self_attn.k_proj [8, 16], \(name) has 14 modules"
            ),
        ]
        for (modules, message) in cases {
            let other = try AdapterPlan(modules: modules, tying: .full)
            let error = #expect(throws: AdapterError.self) { try make(nil, plan: other) }
            #expect(error?.message == message && error?.code == .invalidPlan)
        }
    }
}
