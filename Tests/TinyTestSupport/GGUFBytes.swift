/// A GGUF file, true or not, written as the format's description has it.
public struct GGUFBytes {
    /// A line of the table of tensors.
    public struct Tensor {
        /// Its name.
        public var name: String
        /// Slowest axis first.
        public var shape: [UInt64]
        /// ggml's number of the type.
        public var type: UInt32
        /// Its bytes.
        public var data: [UInt8]
        /// Where the data begin; one tensor after the other unless given.
        public var offset: UInt64?

        /// A line and its bytes.
        public init(_ name: String, _ shape: [UInt64], type: UInt32, data: [UInt8], offset: UInt64? = nil) {
            self.name = name
            self.shape = shape
            self.type = type
            self.data = data
            self.offset = offset
        }

        /// A tensor of F32 numbers.
        public init(_ name: String, _ shape: [UInt64], floats: [Float]) {
            self.init(name, shape, type: 0, data: floats.flatMap { littleEndian($0.bitPattern) })
        }
    }

    /// The version of the format.
    public var version: UInt32 = 3
    /// Tensors begin at multiples of it.
    public var alignment = 32
    /// The tensors, in their order.
    public var tensors: [Tensor] = []
    /// What the file says, where that is not true.
    public var tensorCount: UInt64?
    /// What the file says, where that is not true.
    public var keyCount: UInt64?
    private var keys: [(name: String, value: [UInt8])] = []

    /// A file without keys and tensors.
    public init() {}

    /// Adds a key with the bytes of its type and value.
    public mutating func add(_ key: String, type: UInt32, _ value: [UInt8]) {
        keys.append((key, littleEndian(type) + value))
    }

    /// Replaces what a key has, or adds it.
    public mutating func set(_ key: String, type: UInt32, _ value: [UInt8]) {
        keys.removeAll { $0.name == key }
        add(key, type: type, value)
    }

    /// Removes a key.
    public mutating func remove(_ key: String) { keys.removeAll { $0.name == key } }

    /// Adds a 32-bit number.
    public mutating func add(_ key: String, _ value: UInt32) { add(key, type: 4, littleEndian(value)) }

    /// Adds a truth value.
    public mutating func add(_ key: String, flag: Bool) { add(key, type: 7, [flag ? 1 : 0]) }

    /// Adds a float.
    public mutating func add(_ key: String, number: Float) { add(key, type: 6, littleEndian(number.bitPattern)) }

    /// Adds a text.
    public mutating func add(_ key: String, text: String) { add(key, type: 8, Self.text(text)) }

    /// Adds a list of texts.
    public mutating func add(_ key: String, texts: [String]) {
        add(key, type: 9, littleEndian(UInt32(8)) + littleEndian(UInt64(texts.count)) + texts.flatMap(Self.text))
    }

    /// Adds a list of floats.
    public mutating func add(_ key: String, numbers: [Float]) {
        let elements = numbers.flatMap { littleEndian($0.bitPattern) }
        add(key, type: 9, littleEndian(UInt32(6)) + littleEndian(UInt64(numbers.count)) + elements)
    }

    /// The bytes of a text and of its length before it.
    public static func text(_ text: String) -> [UInt8] { littleEndian(UInt64(text.utf8.count)) + Array(text.utf8) }

    /// The file.
    public var bytes: [UInt8] {
        var file = Array("GGUF".utf8) + littleEndian(version)
        file += littleEndian(tensorCount ?? UInt64(tensors.count)) + littleEndian(keyCount ?? UInt64(keys.count))
        for key in keys { file += Self.text(key.name) + key.value }
        var offset: UInt64 = 0
        for tensor in tensors {
            file += Self.text(tensor.name) + littleEndian(UInt32(tensor.shape.count))
            for length in tensor.shape.reversed() { file += littleEndian(length) }
            file += littleEndian(tensor.type) + littleEndian(tensor.offset ?? offset)
            offset += UInt64(padded(tensor.data.count))
        }
        guard !tensors.isEmpty else { return file }
        file += [UInt8](repeating: 0, count: padded(file.count) - file.count)
        for tensor in tensors {
            file += tensor.data + [UInt8](repeating: 0, count: padded(tensor.data.count) - tensor.data.count)
        }
        return file
    }

    private func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }
}

/// The bytes of a number.
public func littleEndian(_ number: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) }
}
