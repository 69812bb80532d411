import Foundation
import Testing
import TinyAdapter
import TinyCheckpoint
import TinyFoundation
import TinyModel

@Suite("Adapter codes")
struct AdapterCodeTests {
    private static let configuration = ModelConfiguration(
        vocabularySize: 32, hiddenSize: 16, intermediateSize: 24, layerCount: 28, headCount: 4, keyValueHeadCount: 2,
        contextLength: 64, tiesEmbeddings: true)
    private var modules: [AdaptedModule] { Self.configuration.modules }

    private static func base(_ kind: String = "sha256:", seed: UInt64 = 1) -> AdapterFile.BaseModel {
        let digits = SHA256.hash("\(seed)".utf8).hexadecimal
        return AdapterFile.BaseModel(name: "model", fingerprint: kind + digits)
    }

    /// 13 numbers in bf16 on all modules of a 7B model.
    private func thirteen(seed: UInt64 = .max, values: UInt64 = 4) throws -> AdapterFile {
        let plan = try AdapterPlan.resolving(parameters: 13, modules: modules)
        return try AdapterFile(
            design: TinyLoRADesign(plan: plan, seed: seed), baseModel: Self.base(),
            values: gaussian(plan.parameterCount, seed: values), arithmetic: .bfloat16, toolVersion: "test")
    }

    /// An adapter of random method, modules, plan, seed, type and numbers that fits into a code.
    private func adapter(_ random: inout RandomStream) throws -> AdapterFile {
        let layers = 1 + random.below(28), rank = 1 + random.below(4)
        let kept = random.pick([1, 2, 7]), first = random.below(4)
        let some = modules.filter { module in
            module.layer < layers && (random.below(7) < kept || module.index == 0) && (module.layer + first) % 5 != 4
        }
        let modules = Array(some.prefix(120))
        let seed = random.pick([0, 1, UInt64(random.next()), UInt64(random.next()) << 32 | 7, .max])
        let subspace = random.pick(FrozenSubspace.allCases)
        let design: any AdapterDesign
        if random.below(4) == 0 {
            let alpha = random.pick([nil, 1, 16, 0.1, Double(1 + random.below(1000))])
            design = try LoRAXSDesign(
                modules: Array(modules.prefix(8)), rank: rank, alpha: alpha, subspace: subspace, seed: seed)
        } else {
            let count = 1 + random.below(modules.count)
            let tying = random.pick([
                Tying.tiled(modulesPerGroup: count), .contiguous(groups: count),
                .structured(layersPerGroup: 1 + count / 7), .peft(groups: count),
                .byKind, .full, .untied,
            ])
            let groups = try AdapterPlan(modules: modules, rank: rank, tying: tying).groupCount
            design = TinyLoRADesign(
                plan: try AdapterPlan(
                    modules: modules, rank: rank, u: 1 + random.below(max(1, min(20, 120 / groups))), tying: tying),
                seed: seed, subspace: subspace)
        }
        let type = random.pick(ElementType.allCases)
        let scale = Double(random.pick([1, 1e-6, 1000])), places = UInt64(random.next())
        var values = gaussian(design.parameterCount, seed: places).map { Float(Double($0) * scale) }
        values[0] = random.pick([0, -0.0, 0x1p-24, 65504, -1])
        return try AdapterFile(
            design: design, baseModel: Self.base(random.pick(["sha256:", "gguf-sha256:"]), seed: places),
            values: values, elementType: type, arithmetic: random.pick([nil, .float32, .bfloat16]), toolVersion: "test")
    }

    /// What is wrong with a text; `nil` when it is a code.
    private func failure(_ text: String) -> AdapterError? {
        do throws(AdapterError) {
            _ = try AdapterCode(text: text)
            return nil
        } catch {
            return error
        }
    }

    @Test("1,000 random adapters come back from their codes as they were, and a wrong character in each is found")
    func roundTrip() throws {
        var random = RandomStream(.shuffling, seed: 12)
        var methods: Set<String> = [], longest = 0
        for index in 0..<1000 {
            let adapter = try adapter(&random), code = try AdapterCode(adapter)
            let read = try AdapterCode(text: code.text)
            #expect(code == read && read.outline.description == adapter.design.description, "\(index): \(code)")
            let found = try read.adapter(for: Self.configuration, of: adapter.baseModel)
            #expect(
                AnyHashable(found.design) == AnyHashable(adapter.design) && found.baseModel == adapter.baseModel
                    && found.values.map(\.bitPattern) == adapter.values.map(\.bitPattern)
                    && found.elementType == adapter.elementType && found.notedArithmetic == adapter.notedArithmetic,
                "\(index): \(code)")
            #expect(code.text.wholeMatch(of: /tl1[02-9ac-hj-np-z]+/) != nil && code.text.count <= 1000)
            methods.insert(adapter.design.method)
            longest = max(longest, code.text.count)

            var characters = Array(code.text)
            let place = random.below(characters.count)
            characters[place] = random.pick(
                Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l").filter { $0 != characters[place] })
            #expect(failure(String(characters))?.code == .malformedCode, "\(index): \(code) at \(place)")
        }
        #expect(methods.count == 2 && longest > 500, "\(methods), \(longest)")
    }

    @Test("every change of one character is found, whatever the character and its place")
    func everyCharacter() throws {
        for index in 0..<5 {
            let code = try AdapterCode(thirteen(seed: UInt64(index), values: UInt64(index))).text
            for text in [code, code.uppercased()] {
                var characters = Array(text)
                for place in characters.indices {
                    let original = characters[place]
                    for scalar in UInt8(32)..<127 where Character(Unicode.Scalar(scalar)) != original {
                        characters[place] = Character(Unicode.Scalar(scalar))
                        #expect(failure(String(characters))?.code == .malformedCode, "\(String(characters))")
                    }
                    for other: Character in ["ı", "\u{212A}", "ł", "０", "\u{200B}", "\n", "\u{301}"] {
                        characters[place] = other
                        #expect(failure(String(characters))?.code == .malformedCode, "\(String(characters))")
                    }
                    characters[place] = original
                }
            }
        }
    }

    @Test("missing, additional and exchanged characters are found")
    func otherDamage() throws {
        let code = Array(try AdapterCode(thirteen()).text)
        for place in code.indices {
            var damaged = code
            damaged.remove(at: place)
            #expect(failure(String(damaged)) != nil)
            for other in ["q", "p", "7", code[place]] as [Character] {
                damaged = code
                damaged.insert(other, at: place)
                #expect(failure(String(damaged)) != nil)
            }
            for other in code.indices.dropFirst(place + 1) where code[place] != code[other] {
                damaged = code
                damaged.swapAt(place, other)
                #expect(failure(String(damaged)) != nil)
            }
            #expect(failure(String(code.prefix(place))) != nil && failure(String(code.suffix(place))) != nil)
        }
    }

    @Test("up to three wrong characters are found in a text of any length")
    func distance() {
        // The code is cyclic of length 1023 and linear over GF(32), so it is enough that no error of at most three characters
        // with a 1 in the last place has remainder 0. One with a second place is the remainder of the third.
        func remainder(_ value: UInt8, at place: Int) -> UInt32 {
            Bech32.checksum([value] + [UInt8](repeating: 0, count: place))
                ^ Bech32.checksum([UInt8](repeating: 0, count: place + 1))
        }
        var remainders: Set<UInt32> = [0]
        // x to the power 1023 is 1: what follows holds for every shift.
        #expect(remainder(1, at: 1023) == remainder(1, at: 0))
        for place in 1..<1023 {
            // Multiples of a remainder by the elements of GF(32) are sums of these five.
            let basis = [1, 2, 4, 8, 16].map { remainder($0, at: place) }
            for value in 1..<32 {
                let sum = basis.indices.filter { value >> $0 & 1 == 1 }.reduce(UInt32(0)) { $0 ^ basis[$1] }
                #expect(remainders.insert(sum).inserted && !remainders.contains(sum ^ 1), "\(value) at \(place)")
            }
        }
        #expect(!remainders.contains(1))
    }

    @Test("13 numbers in bf16 take less than 120 characters, whatever the seed")
    func length() throws {
        #expect(try AdapterCode(thirteen(seed: 0)).text.count <= 85)
        #expect(try AdapterCode(thirteen(seed: .max)).text.count < 105)
    }

    @Test("a code never changes: existing codes stay readable")
    func recorded() throws {
        let adapter = try thirteen(seed: 4)
        #expect(try AdapterCode(adapter).text == Self.recorded)
        #expect(AdapterCode.isCode(Self.recorded) && !AdapterCode.isCode("runs/tl1"))
        let code = try AdapterCode(text: "\n " + Self.recorded.uppercased() + "\r\n")
        #expect(code.text == Self.recorded && "\(code.outline)" == "\(adapter.design)")
        #expect(adapter.baseModel.fingerprint.hasPrefix(code.baseModel) && code.baseModel.count == 7 + 16)
    }

    private static let recorded =
        "tl1pqpzqqzyqprsppqmpl8dwrtyullxn7wz0c0hm8nlw9luulqr0fr8msrakalvslel0cx877r7sc6ppxht"

    @Test("another model is refused, with both fingerprints and what they cover")
    func otherModel() throws {
        let adapter = try thirteen(), code = try AdapterCode(adapter)
        let other = AdapterFile.BaseModel(name: "Other-7B", fingerprint: Self.base("gguf-sha256:", seed: 2).fingerprint)
        let error = #expect(throws: AdapterError.self) { try code.adapter(for: Self.configuration, of: other) }
        #expect(error?.code == .differentBaseModel)
        let beginnings = [other.fingerprint.prefix(24), adapter.baseModel.fingerprint.prefix(19)].map { String($0) }
        for text in beginnings + ["Other-7B", "GGUF"] {
            #expect(error?.description.contains(text) == true, "\(text) in \(error?.description ?? "")")
        }
    }

    @Test("what a code cannot hold is refused, with the limit")
    func refusals() throws {
        func refusal(_ design: any AdapterDesign, base: AdapterFile.BaseModel = Self.base()) -> AdapterError? {
            do throws(AdapterError) {
                let adapter = try AdapterFile(
                    design: design, baseModel: base, values: gaussian(design.parameterCount, seed: 1), arithmetic: nil,
                    toolVersion: "test")
                _ = try AdapterCode(adapter)
                return nil
            } catch {
                return error
            }
        }
        let many = try LoRAXSDesign(modules: modules, rank: 2)
        #expect(refusal(many)?.code == .notEncodable && refusal(many)?.message.contains("784") == true)
        #expect(refusal(try LoRADesign(modules: Array(modules.prefix(1)), rank: 1))?.code == .notEncodable)
        #expect(refusal(FullDesign(configuration: Self.configuration))?.code == .notEncodable)
        let small = TinyLoRADesign(plan: try AdapterPlan(modules: modules, tying: .full), seed: 0)
        for fingerprint in ["sha256:ab", "sha256:+123456789abcdef", "sha256:ABCDEF0123456789", "md5:0123456789abcdef"] {
            #expect(
                refusal(small, base: .init(name: "model", fingerprint: fingerprint))?.code == .notEncodable,
                "\(fingerprint)")
        }
    }

    @Test("an unknown version and an unknown scheme say that a newer program is needed")
    func newer() throws {
        var symbols = try Bech32.symbols(AdapterCode(thirteen()).text)
        symbols[0] = 2
        #expect(failure(Bech32.text(symbols))?.code == .unsupportedVersion)
        symbols[0] = 1
        symbols[1] = 9
        #expect(failure(Bech32.text(symbols))?.code == .unsupportedVersion)
    }

    @Test("10,000 mutations with a correct checksum: none traps, and what is accepted has no second text")
    func mutations() throws {
        var random = RandomStream(.shuffling, seed: 5), accepted = 0
        for _ in 0..<100 {
            let adapter = try adapter(&random), symbols = try Bech32.symbols(AdapterCode(adapter).text)
            for _ in 0..<100 {
                var mutated = symbols
                for _ in 0...random.below(3) {
                    let place = random.below(min(mutated.count, random.pick([8, 24, 1000])))
                    switch random.below(6) {
                    case 0: mutated.remove(at: place)
                    case 1: mutated.insert(UInt8(random.below(32)), at: place)
                    case 2: mutated = Array(mutated.prefix(1 + place))
                    case 3: mutated[place] = 31
                    default: mutated[place] = UInt8(random.below(32))
                    }
                    if mutated.isEmpty { mutated = [1] }
                }
                let text = Bech32.text(mutated)
                guard let code = try? AdapterCode(text: text) else { continue }
                accepted += 1
                #expect(code.text == text)
                let model = AdapterFile.BaseModel(name: "model", fingerprint: code.baseModel)
                guard let file = try? code.adapter(for: Self.configuration, of: model) else { continue }
                #expect(try AdapterCode(file).text == text)
            }
        }
        #expect(accepted > 500, "\(accepted)")
    }
}
