// Package config is everything that can be set from outside, in one struct.
//
// [Config] names each environment variable with its default, its bounds and a
// sentence that explains it, in the field's tags. Reading ([Load]), checking,
// `karuta config print` ([Config.Table]) and docs/configuration.md ([Markdown])
// are all made from these tags, so that they cannot disagree.
//
// Values that are secret have the type [Secret], which never prints itself.
package config
