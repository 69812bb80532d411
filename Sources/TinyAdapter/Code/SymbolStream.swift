import TinyFoundation

/// Numbers as symbols of five bits, each number in only one way.
struct SymbolWriter {
    private(set) var symbols: [UInt8] = []
    private var buffer: UInt64 = 0
    private var held = 0

    /// Four bits a symbol, lowest first; the fifth says that another follows.
    mutating func write(_ number: UInt64) {
        var rest = number
        repeat {
            symbols.append(UInt8(rest & 15) | (rest > 15 ? 16 : 0))
            rest >>= 4
        } while rest > 0
    }

    /// The place of a value in a table.
    mutating func write<Value: Equatable>(_ value: Value, in table: [Value], _ name: String) throws(AdapterError) {
        guard let place = table.firstIndex(of: value) else {
            throw AdapterError(.notEncodable, "an adapter code cannot hold the \(name) \(value)")
        }
        write(UInt64(place))
    }

    /// At most 32 bits, highest first; nothing but bits may follow.
    mutating func write(bits: UInt32, count: Int) {
        buffer = buffer << UInt64(count) | UInt64(bits)
        held += count
        while held >= 5 {
            held -= 5
            symbols.append(UInt8(buffer >> UInt64(held) & 31))
        }
        buffer &= 31
    }

    /// Fills the last symbol with zeros.
    mutating func finish() {
        if held > 0 { write(bits: 0, count: 5 - held) }
    }
}

/// Reads what ``SymbolWriter`` wrote.
///
/// Everything throws ``AdapterError`` with code `malformedCode` when the symbols say something else.
struct SymbolReader {
    private var symbols: ArraySlice<UInt8>
    private var buffer: UInt64 = 0
    private var held = 0

    init(_ symbols: [UInt8]) { self.symbols = symbols[...] }

    /// How many bits are left.
    var bitCount: Int { symbols.count * 5 + held }

    mutating func number() throws(AdapterError) -> UInt64 {
        var number: UInt64 = 0, shift: UInt64 = 0
        while shift < 64, let symbol = symbols.popFirst() {
            number |= UInt64(symbol & 15) << shift
            if symbol < 16 {
                guard symbol > 0 || shift == 0 else { break }
                return number
            }
            shift += 4
        }
        throw damaged("a number is not written as it should be")
    }

    /// A number that must be in a range.
    mutating func number(_ range: ClosedRange<Int>, _ name: String) throws(AdapterError) -> Int {
        let number = try number()
        guard let value = Int(exactly: number), range.contains(value) else {
            throw damaged("\(name) is \(number), expected \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A value of a table.
    mutating func value<Value>(in table: [Value], _ name: String) throws(AdapterError) -> Value {
        let place = try number()
        guard place < table.count else {
            throw AdapterError(
                .unsupportedVersion, "the code's \(name) has the number \(place), which this program does not know",
                hint: "a newer tinylora may know it")
        }
        return table[Int(place)]
    }

    /// At most 32 bits; zeros where the code has ended.
    mutating func bits(_ count: Int) -> UInt32 {
        while held < count {
            buffer = buffer << 5 | UInt64(symbols.popFirst() ?? 0)
            held += 5
        }
        held -= count
        defer { buffer &= 1 << UInt64(held) - 1 }
        return UInt32(truncatingIfNeeded: buffer >> UInt64(held))
    }

    /// Checks that nothing is left but the zeros that fill the last symbol.
    func finish() throws(AdapterError) {
        guard symbols.isEmpty, held < 5, buffer == 0 else { throw damaged("something follows its numbers") }
    }
}

/// A code with a correct checksum that no program of this version has made.
func damaged(_ reason: String) -> AdapterError { AdapterError(.malformedCode, "the code is damaged: \(reason)") }
