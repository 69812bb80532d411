internal import Foundation
public import TinyAdapter
internal import TinyCheckpoint
internal import TinyModel
public import TinyFoundation
public import TinyRecords

/// What an argument that names an adapter leads to: a file, a run's directory, one of PEFT, or an adapter code. Opening it needs
/// no model, using it does.
///
/// ```swift
/// let source = try AdapterSource("runs/demo")           // or "tl1p…"
/// let model = try LoadedModel(directory: nil, arithmetic: source.arithmetic)
/// let adapter = try model.adapter(from: source)
/// ```
public enum AdapterSource: Sendable {
    /// An adapter of this package.
    case file(path: String, AdapterFile)
    /// A directory that PEFT wrote.
    case peft(PEFTAdapter)
    /// One line of text.
    case code(AdapterCode)

    /// Opens an adapter file, the directory of a run, a directory of PEFT, or a code: a text that begins as one and is the
    /// name of no file.
    ///
    /// - Throws: `AdapterError`, naming the file and what is wrong with it.
    public init(_ argument: String) throws {
        if isCode(argument) {
            self = .code(try AdapterCode(text: argument))
        } else if PEFTAdapter.isPresent(in: argument) {
            self = .peft(try PEFTAdapter(directory: argument))
        } else {
            let path = try AdapterFile.file(at: argument)
            self = .file(path: path, try AdapterFile.load(path: path))
        }
    }

    /// Files that it was read from; none of a code.
    public var files: [String] {
        switch self {
        case .file(let path, _): [path]
        case .peft(let peft): peft.files
        case .code: []
        }
    }

    /// What messages call it: the path of the file or directory.
    var name: String {
        switch self {
        case .file(let path, _): path
        case .peft(let peft): folder(of: peft.files[0])
        case .code(let code): "code \(code.text.prefix(12))…"
        }
    }

    /// What the numbers are. That of a code does not have the shapes of a model.
    var design: any AdapterDesign {
        switch self {
        case .file(_, let file): file.design
        case .peft(let peft): peft.design
        case .code(let code): code.outline
        }
    }

    /// What the numbers are, with the shapes of a model. Reads no weight, so it does not check that the adapter was trained on
    /// this model; `AdaptableModel.adapter(from:)` does.
    ///
    /// - Throws: `AdapterError` when the model has no modules of the shapes in it.
    func design(for checkpoint: Checkpoint) throws -> any AdapterDesign {
        if case .code(let code) = self {
            return try code.design(for: checkpoint.configuration, named: checkpoint.directory)
        }
        try design.modules.requirePresence(in: checkpoint, source: name)
        return design
    }

    /// How the numbers are stored.
    var elementType: ElementType {
        switch self {
        case .file(_, let file): file.elementType
        case .peft(let peft): peft.elementType
        case .code(let code): code.elementType
        }
    }

    /// The arithmetic of the training; `nil` where it is not noted.
    public var notedArithmetic: Arithmetic? {
        switch self {
        case .file(_, let file): file.notedArithmetic
        case .peft: nil
        case .code(let code): code.notedArithmetic
        }
    }

    /// The arithmetic to use the adapter in: that of its training, float32 where a file or code notes none; `nil` where it is
    /// unknown and the model's own suits.
    public var arithmetic: Arithmetic? {
        if case .peft = self { return nil }
        return notedArithmetic ?? .float32
    }

    /// The adapter as a code.
    ///
    /// - Throws: `AdapterError` with code `notEncodable`.
    public var code: AdapterCode {
        get throws(AdapterError) {
            switch self {
            case .file(_, let file): return try AdapterCode(file)
            case .code(let code): return code
            case .peft(let peft):
                throw AdapterError(
                    .notEncodable, "an adapter code cannot hold \(peft.kind) of PEFT, whose factors are in its files")
            }
        }
    }

    /// What records name it by: the last part of its path and a hash of its files, or the hash of a code's text. Reads the files.
    ///
    /// - Throws: `FileError` when a file cannot be read any more.
    public func fingerprint() throws -> Fingerprint {
        switch self {
        case .file(let path, _):
            return Fingerprint(
                name: URL(filePath: path).lastPathComponent,
                content: SHA256.hash(try contents(ofFile: path)).hexadecimal)
        case .peft(let peft):
            var hash = SHA256()
            for file in files { hash.update(try contents(ofFile: file)) }
            return Fingerprint(
                name: URL(filePath: peft.files[0]).deletingLastPathComponent().lastPathComponent,
                content: hash.finish().hexadecimal)
        case .code(let code):
            return Fingerprint(name: "adapter code", content: SHA256.hash(code.text.utf8).hexadecimal)
        }
    }
}

/// Whether an argument is an adapter code: it begins as one and is the name of no file.
private func isCode(_ argument: String, in folder: String = ".") -> Bool {
    AdapterCode.isCode(argument) && !FileManager.default.fileExists(atPath: absolutePath(argument, in: folder))
}

/// An argument that names an adapter, with its path, if it is one, seen from `folder`; a code stays as it is.
public func adapterLocation(_ argument: String, in folder: String = ".") -> String {
    isCode(argument, in: folder) ? argument : absolutePath(argument, in: folder)
}
