import TinyFoundation
import TinyModel

// What the symbols of a code say, in this order:
//
//     version · method · element type · arithmetic · kind of fingerprint · scheme of the factors · rank · seed
//     TinyLoRA  scheme of the projections · u · tying · its count, where it has one
//     LoRA-XS   alpha: the bits of the Double, bytes reversed, so that small numbers are short
//     modules   number of spans · for each: layers skipped before it · its layers less one · its kinds, one bit each
//     bits      64 of the fingerprint · the numbers, one after the other · zeros to fill the last symbol
//
// Everything before the bits is a number of its own (`SymbolWriter.write(_:)`). Existing codes depend on all of it: another
// layout is another version, and the tables only grow.

/// What a code says.
struct CodeContent {
    static let version = 1

    private static let methods = [TinyLoRADesign.method, LoRAXSDesign.method]
    private static let elementTypes: [ElementType] = [.float32, .bfloat16, .float16]
    private static let arithmetics: [Arithmetic?] = [nil, .float32, .bfloat16]
    private static let fingerprints = ["sha256:", "gguf-sha256:"]
    private static let projectionSchemes = ["normal-variance-1/r.per-module/1 philox4x32-10/as241/1"]
    private static let factorSchemes = [
        "us-vt.sign-v.block-lanczos/1", "us-vt.sign-v.smallest-inverse-iteration/1",
        "us-vt.random-orthonormal.top-values/1 philox4x32-10/as241/1",
    ]
    /// The names in the text form of a tying, without its count.
    private static let tyings = ["none", "full", "by-kind", "tiled", "contiguous", "structured", "peft"]

    /// Digits of the fingerprint that a code has: 64 bits.
    private static let fingerprintDigits = 16
    /// Bounds of what a code may ask for. No transformer comes near them.
    private static let largestRank = 1 << 16, mostModules = 1 << 16

    let design: any AdapterDesign
    let fingerprint: String
    let values: [Float]
    let elementType: ElementType
    let arithmetic: Arithmetic?
}

extension CodeContent {
    /// Writes an adapter.
    ///
    /// - Throws: ``AdapterError`` with code `notEncodable`.
    static func symbols(of adapter: AdapterFile) throws(AdapterError) -> [UInt8] {
        let design = adapter.design
        guard methods.contains(design.method) else {
            throw AdapterError(
                .notEncodable, "an adapter code holds TinyLoRA and LoRA-XS, and the adapter is \(design.description)",
                hint: "share its file")
        }
        var writer = SymbolWriter()
        writer.write(UInt64(version))
        try writer.write(design.method, in: methods, "method")
        try writer.write(adapter.elementType, in: elementTypes, "element type")
        try writer.write(adapter.notedArithmetic, in: arithmetics, "arithmetic")
        let (kind, digits) = try parts(ofFingerprint: adapter.baseModel.fingerprint)
        try writer.write(kind, in: fingerprints, "fingerprint")
        try writer.write(design.schemes[AdapterNotes.factorScheme] ?? "", in: factorSchemes, "factor scheme")
        switch design {
        case let design as TinyLoRADesign: try write(design, to: &writer)
        case let design as LoRAXSDesign:
            writer.write(UInt64(design.rank))
            writer.write(design.seed)
            writer.write(design.alpha.bitPattern.byteSwapped)
        default: break
        }
        let spans = LayerSpan.spans(of: design.modules)
        writer.write(UInt64(spans.count))
        var next = 0
        for span in spans {
            writer.write(UInt64(span.layers.lowerBound - next))
            writer.write(UInt64(span.layers.count - 1))
            writer.write(span.kinds)
            next = span.layers.upperBound
        }
        let width = adapter.elementType.byteCount * 8
        let room = (max(0, Bech32.mostSymbols - writer.symbols.count) * 5 - 64) / width
        guard adapter.values.count <= room else {
            throw AdapterError(
                .notEncodable,
                "an adapter code has at most \(Bech32.longest) characters, which hold \(max(0, room)) "
                    + "\(adapter.elementType.safetensorsName) numbers of this adapter, and it has "
                    + grouped(adapter.values.count),
                hint: "share its file, or train fewer parameters")
        }
        for word in digits { writer.write(bits: word, count: 32) }
        for value in adapter.values { writer.write(bits: bits(of: value, as: adapter.elementType), count: width) }
        writer.finish()
        return writer.symbols
    }

    private static func write(_ design: TinyLoRADesign, to writer: inout SymbolWriter) throws(AdapterError) {
        let plan = design.plan
        writer.write(UInt64(plan.rank))
        writer.write(design.seed)
        try writer.write(
            design.schemes[AdapterNotes.projectionScheme] ?? "", in: projectionSchemes, "projection scheme")
        writer.write(UInt64(plan.u))
        try writer.write(String("\(plan.tying)".prefix { $0 != ":" }), in: tyings, "tying")
        if let count = plan.tying.count { writer.write(UInt64(count)) }
    }

    /// The kind of a fingerprint and its first 64 bits, highest first.
    private static func parts(ofFingerprint text: String) throws(AdapterError) -> (kind: String, bits: [UInt32]) {
        let kind = fingerprints.first { text.hasPrefix($0) } ?? ""
        let digits = text.dropFirst(kind.count).prefix(fingerprintDigits)
        guard !kind.isEmpty, let bits = UInt64(digits, radix: 16), hexadecimal(bits) == digits else {
            throw AdapterError(
                .notEncodable, "an adapter code cannot hold \(text), which is no fingerprint of a model")
        }
        return (kind, [UInt32(bits >> 32), UInt32(truncatingIfNeeded: bits)])
    }

    private static func hexadecimal(_ bits: UInt64) -> String {
        let digits = String(bits, radix: 16)
        return String(repeating: "0", count: fingerprintDigits - digits.count) + digits
    }

    /// A stored number's pattern.
    private static func bits(of value: Float, as type: ElementType) -> UInt32 {
        switch type {
        case .float32: value.bitPattern
        case .bfloat16: UInt32(BFloat16(value).bits)
        case .float16: UInt32(narrowedFloat16(value))
        }
    }

    private static func value(ofBits bits: UInt32, as type: ElementType) -> Float {
        switch type {
        case .float32: Float(bitPattern: bits)
        case .bfloat16: BFloat16(bits: UInt16(truncatingIfNeeded: bits)).float
        case .float16: widenedFloat16(bits: UInt16(truncatingIfNeeded: bits))
        }
    }
}

extension CodeContent {
    /// Reads the symbols of a text.
    ///
    /// - Throws: ``AdapterError`` with code `malformedCode` or `unsupportedVersion`.
    init(_ symbols: [UInt8]) throws(AdapterError) {
        var reader = SymbolReader(symbols)
        let version = try reader.number()
        guard version == Self.version else {
            throw AdapterError(
                .unsupportedVersion, "the code is of version \(version), this program knows version \(Self.version)",
                hint: "a newer tinylora may know it")
        }
        let method = try reader.value(in: Self.methods, "method")
        elementType = try reader.value(in: Self.elementTypes, "element type")
        arithmetic = try reader.value(in: Self.arithmetics, "arithmetic")
        let kind = try reader.value(in: Self.fingerprints, "kind of fingerprint")
        let scheme = try reader.value(in: Self.factorSchemes, "factor scheme")
        guard let subspace = FrozenSubspace.allCases.first(where: { $0.scheme == scheme }) else {
            throw AdapterError(.unsupportedVersion, "this program does not have the code's factor scheme, \(scheme)")
        }
        design = try Self.design(method, subspace, &reader)
        let digits = UInt64(reader.bits(32)) << 32 | UInt64(reader.bits(32))
        fingerprint = kind + Self.hexadecimal(digits)
        let width = elementType.byteCount * 8, count = max(0, reader.bitCount) / width
        guard count == design.parameterCount else {
            throw damaged("it has \(counted(count, "number")) for \(counted(design.parameterCount, "parameter"))")
        }
        var values: [Float] = []
        for _ in 0..<count { values.append(Self.value(ofBits: reader.bits(width), as: elementType)) }
        try reader.finish()
        guard values.allSatisfy(\.isFinite) else { throw damaged("one of its numbers is not finite") }
        self.values = values
    }

    /// The design, with the smallest shapes that its rank allows.
    private static func design(
        _ method: String, _ subspace: FrozenSubspace, _ reader: inout SymbolReader
    ) throws(AdapterError) -> any AdapterDesign {
        let rank = try reader.number(1...largestRank, "the rank")
        let seed = try reader.number()
        if method == LoRAXSDesign.method {
            let alpha = Double(bitPattern: try reader.number().byteSwapped)
            let modules = try modules(&reader, rank: rank)
            return try checked { () throws(AdapterError) in
                try LoRAXSDesign(modules: modules, rank: rank, alpha: alpha, subspace: subspace, seed: seed)
            }
        }
        let scheme = try reader.value(in: projectionSchemes, "projection scheme")
        guard scheme == Projection.scheme else {
            throw AdapterError(
                .unsupportedVersion, "this program does not have the code's projection scheme, \(scheme)")
        }
        let u = try reader.number(1...Bech32.mostSymbols, "u"), tying = try tying(&reader)
        let modules = try modules(&reader, rank: rank)
        return try checked { () throws(AdapterError) in
            TinyLoRADesign(
                plan: try AdapterPlan(modules: modules, rank: rank, u: u, tying: tying), seed: seed, subspace: subspace)
        }
    }

    private static func tying(_ reader: inout SymbolReader) throws(AdapterError) -> Tying {
        let name = try reader.value(in: tyings, "tying")
        if let tying = Tying(name) { return tying }
        let count = try reader.number(1...Int(Int32.max), "the count of its tying")
        guard let tying = Tying("\(name):\(count)") else { throw damaged("its tying is \(name) with \(count)") }
        return tying
    }

    private static func modules(_ reader: inout SymbolReader, rank: Int) throws(AdapterError) -> [AdaptedModule] {
        var modules: [AdaptedModule] = [], next = 0, previous: LayerSpan?
        for _ in 0..<(try reader.number(1...Bech32.mostSymbols, "the number of its spans of layers")) {
            let first = next + (try reader.number(0...AdapterPlan.largestLayer, "a number of skipped layers"))
            let count = 1 + (try reader.number(0...mostModules, "a number of layers"))
            let kinds = try reader.number(1...LayerSpan.allKinds, "a set of kinds")
            let span = LayerSpan(layers: first..<first + count, kinds: UInt64(kinds))
            // Equal neighbours are one span, so that the same modules are written in one way only.
            guard previous?.layers.upperBound != first || previous?.kinds != span.kinds else {
                throw damaged("its layers are not written as they should be")
            }
            guard span.layers.upperBound <= AdapterPlan.largestLayer,
                modules.count + count * kinds.nonzeroBitCount <= mostModules
            else { throw damaged("it changes more than \(mostModules) modules") }
            modules += span.modules(side: rank)
            next = span.layers.upperBound
            previous = span
        }
        return modules
    }

    /// Makes a design; what cannot be one is the code's fault.
    private static func checked<Design>(_ make: () throws(AdapterError) -> Design) throws(AdapterError) -> Design {
        do throws(AdapterError) {
            return try make()
        } catch {
            throw damaged(error.message)
        }
    }
}

/// Neighbouring layers of which the same kinds of modules are changed.
private struct LayerSpan {
    /// All seven kinds.
    static let allKinds = 1 << ModuleKind.allCases.count - 1

    var layers: Range<Int>
    /// One bit for each kind, at its place in counting order.
    var kinds: UInt64

    /// The spans of modules in counting order, each as long as it can be.
    static func spans(of modules: [AdaptedModule]) -> [LayerSpan] {
        var spans: [LayerSpan] = []
        for (layer, modules) in Dictionary(grouping: modules, by: \.layer).sorted(by: { $0.key < $1.key }) {
            let kinds = modules.reduce(UInt64(0)) { $0 | 1 << UInt64($1.kind.rawValue) }
            if let last = spans.last, last.layers.upperBound == layer, last.kinds == kinds {
                spans[spans.count - 1].layers = last.layers.lowerBound..<layer + 1
            } else {
                spans.append(LayerSpan(layers: layer..<layer + 1, kinds: kinds))
            }
        }
        return spans
    }

    /// The modules in counting order, as square matrices.
    func modules(side: Int) -> [AdaptedModule] {
        layers.flatMap { layer in
            ModuleKind.allCases.filter { kinds >> UInt64($0.rawValue) & 1 == 1 }.map { kind in
                AdaptedModule(layer: layer, kind: kind, outputs: side, inputs: side)
            }
        }
    }
}
