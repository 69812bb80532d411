import TinyFoundation

/// A key of a settings file, whatever its name.
struct SettingKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// Where a value lives in settings.
typealias SettingPath<Settings, Value> = any WritableKeyPath<Settings, Value> & Sendable

/// One setting: its key in a file, and how it gets from there into `Settings` and back.
///
/// A table of these is the only place that pairs keys with properties. From it follow reading (a missing key keeps its
/// default, an unknown one is an error), complete writing (an absent value is written as `null`) and naming a difference.
struct SettingField<Settings>: Sendable {
    let name: String
    let read: @Sendable (KeyedDecodingContainer<SettingKey>, SettingKey, inout Settings) throws -> Void
    let write: @Sendable (Settings, inout KeyedEncodingContainer<SettingKey>, SettingKey) throws -> Void
    let describe: @Sendable (Settings) -> String

    /// Pairs a key with a property.
    init<Value: Codable & Sendable>(_ name: String, _ property: SettingPath<Settings, Value>) {
        self.name = name
        read = { container, key, settings in settings[keyPath: property] = try container.decode(Value.self, forKey: key)
        }
        write = { settings, container, key in try container.encode(settings[keyPath: property], forKey: key) }
        describe = { settings in SettingField.text(settings[keyPath: property]) }
    }

    /// Pairs a key with a property that has a few named choices; a misspelt choice is named with the nearest one.
    ///
    /// - Parameter choices: The allowed ones; all unless given.
    init<Choice>(
        choice name: String, _ property: SettingPath<Settings, Choice>, among choices: [Choice] = Array(Choice.allCases)
    ) where Choice: RawRepresentable<String> & CaseIterable & Codable & Sendable {
        self.name = name
        read = { container, key, settings in
            let text = try container.decode(String.self, forKey: key)
            guard let choice = choices.first(where: { $0.rawValue == text }) else {
                let choices = choices.map(\.rawValue)
                throw RecordsError(
                    .invalidValue, "\(name) is \"\(text)\", expected one of \(choices.joined(separator: ", "))",
                    hint: nearestName(to: text, in: choices).map { "did you mean \"\($0)\"?" })
            }
            settings[keyPath: property] = choice
        }
        write = { settings, container, key in try container.encode(settings[keyPath: property], forKey: key) }
        describe = { settings in settings[keyPath: property].rawValue }
    }

    /// The same field, seen from the settings that contain `Settings` as a part.
    func within<Whole>(_ part: SettingPath<Whole, Settings>) -> SettingField<Whole> {
        SettingField<Whole>(
            name: name,
            read: { container, key, whole in try read(container, key, &whole[keyPath: part]) },
            write: { whole, container, key in try write(whole[keyPath: part], &container, key) },
            describe: { whole in describe(whole[keyPath: part]) })
    }

    private init(
        name: String,
        read: @escaping @Sendable (KeyedDecodingContainer<SettingKey>, SettingKey, inout Settings) throws -> Void,
        write: @escaping @Sendable (Settings, inout KeyedEncodingContainer<SettingKey>, SettingKey) throws -> Void,
        describe: @escaping @Sendable (Settings) -> String
    ) {
        self.name = name
        self.read = read
        self.write = write
        self.describe = describe
    }

    private static func text(_ value: Any) -> String {
        guard let optional = value as? any OptionalValue else { return "\(value)" }
        return optional.content.map { "\($0)" } ?? "null"
    }
}

private protocol OptionalValue {
    var content: Any? { get }
}

extension Optional: OptionalValue {
    var content: Any? { self }
}

/// Reads the keys that are there into `settings`.
func readSettings<Settings>(
    _ settings: inout Settings, fields: [SettingField<Settings>], from decoder: any Decoder
) throws {
    let container = try decoder.container(keyedBy: SettingKey.self)
    for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue }) {
        guard let field = fields.first(where: { $0.name == key.stringValue }) else {
            throw RecordsError(
                .unknownKey, "\"\(key.stringValue)\" is not a setting",
                hint: nearestName(to: key.stringValue, in: fields.map(\.name)).map { "did you mean \"\($0)\"?" })
        }
        try field.read(container, key, &settings)
    }
}

/// Reads those of the named keys that are there into `settings`, whatever else is.
func readSettings<Settings>(
    _ settings: inout Settings, fields: [SettingField<Settings>], named names: Set<String>, from decoder: any Decoder
) throws {
    let container = try decoder.container(keyedBy: SettingKey.self)
    for field in fields where names.contains(field.name) {
        let key = SettingKey(stringValue: field.name)
        if container.contains(key) { try field.read(container, key, &settings) }
    }
}

/// Writes every setting.
func writeSettings<Settings>(
    _ settings: Settings, fields: [SettingField<Settings>], to encoder: any Encoder
) throws {
    var container = encoder.container(keyedBy: SettingKey.self)
    for field in fields {
        try field.write(settings, &container, SettingKey(stringValue: field.name))
    }
}
