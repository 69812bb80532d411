import Foundation
import Testing
import TinyAdapter
import TinyModel
import TinyFoundation

@Suite("Plans")
struct AdapterPlanTests {
    // arXiv:2602.04118 Fig. 1 and Table 2: the parameter counts that the paper reports.
    @Test(
        "tiling gives the paper's numbers of groups",
        arguments: [(28, [196, 98, 49, 25, 13, 7, 4, 2, 1]), (36, [252, 126, 63, 32, 16, 8, 4, 2, 1])])
    func tiledGroupCounts(layers: Int, expected: [Int]) throws {
        let sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256]
        let counts = try sizes.map {
            try AdapterPlan(modules: modules(layers: layers), tying: .tiled(modulesPerGroup: $0)).parameterCount
        }
        #expect(counts == expected)
    }

    // arXiv:2602.04118 Fig. 4: 7 · ⌈36 / n⌉.
    @Test("structured tying gives the paper's numbers of groups")
    func structuredGroupCounts() throws {
        let counts = try [1, 2, 4, 8, 16, 32].map {
            try AdapterPlan(modules: modules(layers: 36), tying: .structured(layersPerGroup: $0)).groupCount
        }
        #expect(counts == [252, 126, 63, 35, 21, 14])
    }

    @Test("structured tying joins one kind of neighbouring layers")
    func structuredGroups() throws {
        let plan = try AdapterPlan(modules: modules(layers: 3), tying: .structured(layersPerGroup: 2))
        #expect(plan.groups == Array(0..<7) + Array(0..<7) + Array(7..<14))
    }

    @Test("tying by kind separates attention from the feed-forward blocks")
    func byKind() throws {
        let plan = try AdapterPlan(modules: modules(layers: 2), u: 13, tying: .byKind)
        #expect(plan.groups == [0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1])
        #expect(plan.parameterCount == 26)
    }

    @Test("13 parameters of 196 modules are tiled by 16")
    func thirteenOfPaper() throws {
        let plan = try AdapterPlan.resolving(parameters: 13, modules: modules(layers: 28))
        #expect(plan.tying == .tiled(modulesPerGroup: 16))
        #expect(plan.description == "13 parameters · u 1 · rank 2 · 196 modules in 13 groups (tiled by 16)")
        #expect(plan.groups == (0..<196).map { $0 / 16 })
    }

    @Test("13 parameters of few modules are contiguous", arguments: [(6, 3), (5, 9)])
    func thirteenOfFew(layers: Int, larger: Int) throws {
        let plan = try AdapterPlan.resolving(parameters: 13, modules: modules(layers: layers))
        #expect(plan.tying == .contiguous(groups: 13))
        let size = layers * 7 / 13
        let sizes = (0..<13).map { group in plan.groups.count { $0 == group } }
        #expect(sizes == (0..<13).map { $0 < larger ? size + 1 : size })
    }

    @Test("every budget up to the number of modules is spent exactly", arguments: [1, 2, 5, 6, 28])
    func everyBudget(layers: Int) throws {
        let modules = modules(layers: layers)
        for budget in 1...modules.count {
            let plan = try AdapterPlan.resolving(parameters: budget, modules: modules)
            #expect(plan.parameterCount == budget && plan.u == 1, "\(budget) of \(modules.count): \(plan)")
            #expect(plan.groups == plan.groups.sorted() && Set(plan.groups) == Set(0..<budget), "\(budget): \(plan)")
            if case .contiguous = plan.tying {
                let sizes = (0..<budget).map { group in plan.groups.count { $0 == group } }
                #expect(sizes.max()! - sizes.min()! <= 1, "\(budget): \(sizes)")
            }
        }
    }

    @Test("a larger budget unties everything and raises u")
    func largerBudget() throws {
        let plan = try AdapterPlan.resolving(parameters: 6272, modules: modules(layers: 28))
        #expect(plan.u == 32 && plan.tying == .untied && plan.groups == Array(0..<196))
    }

    @Test("a budget that cannot be shared names its neighbours")
    func unevenBudget() {
        let error = #expect(throws: AdapterError.self) {
            try AdapterPlan.resolving(parameters: 1000, modules: modules(layers: 28))
        }
        #expect(error?.code == .invalidPlan)
        #expect(error?.message == "1000 parameters cannot be shared evenly by 196 modules")
        #expect(error?.hint == "nearest: 980 (u 5) or 1176 (u 6)")
    }

    @Test("what cannot be a plan is refused with a sentence")
    func refusals() {
        let two = modules(layers: 2)
        let cases: [(String, () throws -> AdapterPlan)] = [
            ("the rank is 0, it must be at least 1", { try AdapterPlan(modules: two, rank: 0, tying: .full) }),
            (
                "rank 5 exceeds model.layers.0.self_attn.k_proj, which is [4, 8]",
                { try AdapterPlan(modules: two, rank: 5, tying: .full) }
            ),
            ("u is 0, it must be at least 1", { try AdapterPlan(modules: two, u: 0, tying: .full) }),
            ("a plan needs at least one module", { try AdapterPlan(modules: [], tying: .full) }),
            (
                "0 parameters were asked for, there must be at least 1",
                {
                    try AdapterPlan.resolving(parameters: 0, modules: two)
                }
            ),
            (
                "tying tiled:0: the number of modules per group is 0, it must be at least 1",
                { try AdapterPlan(modules: two, tying: .tiled(modulesPerGroup: 0)) }
            ),
            (
                "15 groups were asked for, but there are only 14 modules",
                { try AdapterPlan(modules: two, tying: .contiguous(groups: 15)) }
            ),
            (
                "model.layers.0.self_attn.q_proj is listed twice or out of counting order",
                { try AdapterPlan(modules: two + two, tying: .full) }
            ),
            (
                "u 9223372036854775807 at rank 2 on 14 modules needs more than 2147483648 projection entries",
                { try AdapterPlan(modules: two, u: .max, tying: .full) }
            ),
        ]
        for (message, make) in cases {
            let error = #expect(throws: AdapterError.self) { try make() }
            #expect(error?.message == message)
        }
    }

    @Test(
        "a plan survives JSON",
        arguments: [
            Tying.tiled(modulesPerGroup: 16), .contiguous(groups: 3), .peft(groups: 4), .structured(layersPerGroup: 2),
            .byKind, .full, .untied,
        ])
    func codable(tying: Tying) throws {
        var chosen = modules(layers: 5)
        chosen.removeAll { $0.layer == 2 && $0.kind.isAttention }
        chosen[9].inputs = 9  // one layer of another shape
        let plan = try AdapterPlan(modules: chosen, rank: 2, u: 3, tying: tying)
        let data = try JSONEncoder().encode(plan)
        #expect(try JSONDecoder().decode(AdapterPlan.self, from: data) == plan)
        #expect(Tying(tying.description) == tying)
    }

    @Test(
        "JSON that makes no plan is refused",
        arguments: [
            #"{"modules":[{"name":"lm_head","shape":[8,8],"layers":[[0,1]]}],"rank":2,"u":1,"tying":"full"}"#,
            #"{"modules":[{"name":"mlp.up_proj","shape":[8],"layers":[[0,1]]}],"rank":2,"u":1,"tying":"full"}"#,
            #"{"modules":[{"name":"mlp.up_proj","shape":[8,8],"layers":[[1,0]]}],"rank":2,"u":1,"tying":"full"}"#,
            #"{"modules":[{"name":"mlp.up_proj","shape":[8,8],"layers":[[0,1e15]]}],"rank":2,"u":1,"tying":"full"}"#,
            #"{"modules":[{"name":"mlp.up_proj","shape":[8,8],"layers":[[0,1]]}],"rank":2,"u":1,"tying":"loose"}"#,
            #"{"modules":[{"name":"mlp.up_proj","shape":[8,8],"layers":[[0,1]]}],"rank":9,"u":1,"tying":"full"}"#,
        ])
    func malformedJSON(text: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(AdapterPlan.self, from: Data(text.utf8)) }
    }

    @Test(
        "text that names no tying is refused",
        arguments: ["", "tiled", "tiled:", "tiled:x", "full:2", "none:", "tiled:1:2"])
    func unknownTying(text: String) {
        #expect(Tying(text) == nil)
    }
}
